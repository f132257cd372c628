"""What the environment decides."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings, from variables that begin with TELEMETRY_."""

    model_config = SettingsConfigDict(env_prefix="TELEMETRY_")

    listen: str = "0.0.0.0:4571"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)
