"""What the environment decides."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings, from variables that begin with TELEMETRY_.

    Attributes:
        data: folder of the stores.
        aws: host:port of the edge, which knows the access keys.
        prometheus, alertmanager: host:port of the default workspace's.
        xray_daemon: host:port of X-Ray's UDP daemon; none where it is empty.
        trace_days: how long traces are kept, and the spans in the log group of Transaction Search.
        account, region: whose segments they are that come to the daemon.
    """

    model_config = SettingsConfigDict(env_prefix="TELEMETRY_")

    listen: str = "0.0.0.0:4571"
    data: Path = Path("/var/lib/telemetry")
    aws: str | None = None
    prometheus: str = "prometheus:9090"
    alertmanager: str = "alertmanager:9093"

    xray_daemon: str = ""
    trace_days: int = 30
    account: str = "000000000000"
    region: str = "us-east-1"

    @property
    def xray_daemon_address(self) -> tuple[str, int] | None:
        """Host and port of X-Ray's daemon."""
        return _host_and_port(self.xray_daemon) if self.xray_daemon else None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        return _host_and_port(self.listen)


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
