"""What LocalStack finds by entry points: these Logs, and that they are taken where there is a data plane."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from localstack.runtime import hooks
from localstack.services.plugins import Service, aws_provider

if TYPE_CHECKING:
    from obsiverse_aws.logs.service_logs import ServiceLogs


@aws_provider(api="logs", name="obsiverse")
def logs() -> Service:
    """CloudWatch Logs."""
    from localstack.services.moto import MotoFallbackDispatcher

    from obsiverse_aws.logs.data_plane import DataPlane
    from obsiverse_aws.logs.filter_follower import FilterFollower
    from obsiverse_aws.logs.provider import ObsiverseLogs

    data_plane = DataPlane(os.environ["TELEMETRY_ADDR"])
    follower = FilterFollower(data_plane)
    follower.start()
    provider = ObsiverseLogs(data_plane, follower)
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


@hooks.on_infra_ready()
def follow_services() -> None:
    """Keep the services' logs in OBSIVERSE_ACCOUNT, region OBSIVERSE_REGION; nothing without a data plane or these."""
    service_logs = _service_logs()
    if service_logs is not None:
        service_logs.start()


@hooks.on_infra_shutdown(priority=100)
def leave_services() -> None:
    """Look for services no more."""
    service_logs = _service_logs()
    if service_logs is not None:
        service_logs.close()


@cache
def _service_logs() -> ServiceLogs | None:
    from obsiverse_client import AgentClient

    from obsiverse_aws.logs.data_plane import DataPlane
    from obsiverse_aws.logs.service_logs import ServiceLogs
    from obsiverse_aws.settings import settings

    address, account, region = (
        os.environ.get(name) for name in ("TELEMETRY_ADDR", "OBSIVERSE_ACCOUNT", "OBSIVERSE_REGION")
    )
    if not address or not account or not region:
        return None
    return ServiceLogs(AgentClient(settings().agent), DataPlane(address), account, region)


def _forget(account: str) -> None:
    """Delete an account's groups from the data plane."""
    from moto.logs.models import logs_backends

    from obsiverse_aws.logs.data_plane import DataPlane

    data_plane = DataPlane(os.environ["TELEMETRY_ADDR"])
    for region, backend in list(logs_backends[account].items()) if account in logs_backends else []:
        for name in list(backend.groups):
            data_plane.call(account, region, "DeleteLogGroup", {"logGroupName": name})
