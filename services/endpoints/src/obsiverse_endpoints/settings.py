"""What the environment decides."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings, from variables that begin with ENDPOINTS_.

    Attributes:
        listen: host:port.
        data: folder of routes and of what was captured.
        aws: host:port of the edge, whose S3, CloudWatch and SNS are used.
        flush_seconds: how often metrics and captured data go there.
        seed: makes the choice of variants and samples repeatable.
    """

    model_config = SettingsConfigDict(env_prefix="ENDPOINTS_")

    listen: str = "0.0.0.0:4570"
    data: Path = Path("/var/lib/endpoints")
    aws: str = "aws:4566"
    flush_seconds: float = 10.0
    seed: int | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)
