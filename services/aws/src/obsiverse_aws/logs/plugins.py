"""What LocalStack finds by entry points: these Logs, and that they are taken where there is a data plane."""

from __future__ import annotations

import os

from localstack.runtime import hooks
from localstack.services.plugins import Service, aws_provider


@aws_provider(api="logs", name="obsiverse")
def logs() -> Service:
    """CloudWatch Logs."""
    from localstack.services.moto import MotoFallbackDispatcher

    from obsiverse_aws.logs.data_plane import DataPlane
    from obsiverse_aws.logs.provider import ObsiverseLogs

    provider = ObsiverseLogs(DataPlane(os.environ["TELEMETRY_ADDR"]))
    return Service.for_provider(provider, dispatch_table_factory=MotoFallbackDispatcher)


@hooks.on_infra_start()
def choose_logs() -> None:
    """Take these where TELEMETRY_ADDR (host:port) says where events go, unless PROVIDER_OVERRIDE_LOGS names others."""
    from localstack import config

    from obsiverse_aws.state.reset import on_reset

    if not os.environ.get("TELEMETRY_ADDR"):
        return
    config.SERVICE_PROVIDER_CONFIG.set_provider_if_not_exists("logs", "obsiverse")
    on_reset(_forget)


def _forget(account: str) -> None:
    """Delete an account's groups from the data plane."""
    from moto.logs.models import logs_backends

    from obsiverse_aws.logs.data_plane import DataPlane

    data_plane = DataPlane(os.environ["TELEMETRY_ADDR"])
    for region, backend in list(logs_backends[account].items()) if account in logs_backends else []:
        for name in list(backend.groups):
            data_plane.call(account, region, "DeleteLogGroup", {"logGroupName": name})
