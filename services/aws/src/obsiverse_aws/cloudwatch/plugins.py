"""What LocalStack finds by entry points: this CloudWatch, and that it is the one to take."""

from __future__ import annotations

from pathlib import Path

from localstack.runtime import hooks
from localstack.services.plugins import Service, aws_provider


@aws_provider(api="cloudwatch", name="obsiverse")
def cloudwatch() -> Service:
    """CloudWatch's metrics and alarms."""
    from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase

    from obsiverse_aws.cloudwatch import alarm_messages
    from obsiverse_aws.cloudwatch.provider import ObsiverseCloudwatch

    alarm_messages.apply()
    return Service.for_provider(ObsiverseCloudwatch(Path(CloudwatchDatabase.METRICS_DB)))


@hooks.on_infra_start()
def choose_cloudwatch() -> None:
    """Take this one, unless PROVIDER_OVERRIDE_CLOUDWATCH names another."""
    from localstack import config

    config.SERVICE_PROVIDER_CONFIG.set_provider_if_not_exists("cloudwatch", "obsiverse")
