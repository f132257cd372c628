"""What services need after their state is back, and for which LocalStack has no hook: what acts on the state, made anew."""

# LocalStack's providers keep what is needed here under names with an underscore.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from localstack.services.plugins import Service

LOG = logging.getLogger(__name__)


def provider_of(service: Service) -> Any:
    """What answers a service's operations."""
    return service._provider


def restart_s3(service: Service, complete: bool) -> None:
    """Bring together buckets and the objects on disk."""
    from obsiverse_aws.s3.provider import LastingS3

    provider = provider_of(service)
    if isinstance(provider, LastingS3):
        provider.restart(complete)


def restart_events(service: Service, _complete: bool) -> None:
    """Make what serves each bus, rule, target and archive, so that events reach their targets again."""
    from localstack.services.events.models import events_stores
    from localstack.services.events.provider import EventsProvider

    provider = provider_of(service)
    if not isinstance(provider, EventsProvider):
        return
    for account, region, store in events_stores.iter_stores():
        _restart_connections(provider, store)
        for bus in store.event_buses.values():
            _restart_bus(provider, bus, account, region)
        for archive in store.archives.values():
            _restart_archive(provider, archive)


def _restart_connections(provider: Any, store: Any) -> None:
    from localstack.services.events.api_destination import APIDestinationService
    from localstack.services.events.connection import ConnectionService

    connections = {one.arn: one for one in store.connections.values()}
    for connection in connections.values():
        provider._connection_service_store[connection.arn] = ConnectionService.restore_from_connection(connection)
    for destination in store.api_destinations.values():
        if connection := connections.get(destination.connection_arn):
            restored = APIDestinationService.restore_from_api_destination_and_connection(destination, connection)
            restored.api_destination = destination
            provider._api_destination_service_store[destination.arn] = restored


def _restart_bus(provider: Any, bus: Any, account: str, region: str) -> None:
    from localstack.services.events.event_bus import EventBusService
    from localstack.services.events.rule import RuleService

    provider._event_bus_services_store[bus.arn] = EventBusService(bus)
    for rule in bus.rules.values():
        provider._rule_services_store[rule.arn] = served = RuleService(rule)
        for target in rule.targets.values():
            provider.create_target_sender(target, rule.arn, rule.name, region, account)
        if served.schedule_cron and rule.targets:
            served.create_schedule_job(provider._get_scheduled_rule_job_function(account, region, rule))


def _restart_archive(provider: Any, archive: Any) -> None:
    from localstack.services.events.archive import ArchiveService

    created = archive.creation_time
    provider._archive_service_store[archive.arn] = ArchiveService(archive)
    archive.creation_time = created


def restart_cloudwatch(service: Service, _complete: bool) -> None:
    """Have the alarms of all accounts evaluated, where LocalStack's hook, which comes next, would do it for one."""
    from localstack.services.cloudwatch.models import LocalStackMetricAlarm, cloudwatch_stores

    scheduler = getattr(provider_of(service), "alarm_scheduler", None)
    if scheduler is None:
        return

    def schedule() -> None:
        for _, _, store in list(cloudwatch_stores.iter_stores()):
            for arn, alarm in list(store.alarms.items()):
                if isinstance(alarm, LocalStackMetricAlarm):
                    _schedule(scheduler, arn)

    scheduler.restart_existing_alarms = schedule


def _schedule(scheduler: Any, alarm: str) -> None:
    try:
        scheduler.schedule_metric_alarm(alarm)
    except Exception:
        # Whatever LocalStack raises: the others are evaluated still.
        LOG.exception("alarm %s is not evaluated", alarm)


def restart_stepfunctions(_service: Service, _complete: bool) -> None:
    """End the executions that ran: the place that each was at was a thread of the earlier process."""
    from localstack.aws.api.stepfunctions import ExecutionStatus
    from localstack.services.stepfunctions.backend.store import sfn_stores

    for _, _, store in sfn_stores.iter_stores():
        for execution in store.executions.values():
            if execution.exec_status == ExecutionStatus.RUNNING:
                execution.exec_status = ExecutionStatus.ABORTED
                execution.stop_date = datetime.now(UTC)
                execution.error, execution.cause = "Obsiverse.Restarted", "the edge was restarted while it ran"


RESTARTS = {
    "s3": restart_s3,
    "events": restart_events,
    "cloudwatch": restart_cloudwatch,
    "stepfunctions": restart_stepfunctions,
}
