"""What the environment decides."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings, from variables that begin with ENDPOINTS_."""

    model_config = SettingsConfigDict(env_prefix="ENDPOINTS_")

    listen: str = "0.0.0.0:4570"
    data: Path = Path("/var/lib/endpoints")
    seed: int | None = None
    aws: str | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)
