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
    """

    model_config = SettingsConfigDict(env_prefix="TELEMETRY_")

    listen: str = "0.0.0.0:4571"
    data: Path = Path("/var/lib/telemetry")
    aws: str | None = None
    prometheus: str = "prometheus:9090"
    alertmanager: str = "alertmanager:9093"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)
