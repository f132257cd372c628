"""What the environment decides."""

from __future__ import annotations

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings, from variables that begin with TRAFFIC_."""

    model_config = SettingsConfigDict(env_prefix="TRAFFIC_")

    listen: str = "0.0.0.0:8089"
    data: Path = Path("/var/lib/traffic")
    concurrency: int = Field(default=64, ge=1)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class AwsSettings(BaseSettings):
    """Where and as whom the AWS API is called: the variables that AWS's own SDKs read."""

    model_config = SettingsConfigDict(env_prefix="AWS_", populate_by_name=True)

    region: str = Field(validation_alias=AliasChoices("AWS_REGION", "AWS_DEFAULT_REGION"))
    access_key_id: str
    secret_access_key: SecretStr
    session_token: SecretStr | None = None
    endpoint_url_sagemaker_runtime: str | None = None

    @property
    def runtime_url(self) -> str:
        """The sagemaker-runtime endpoint: the variable's, else the region's public one."""
        if self.endpoint_url_sagemaker_runtime:
            return self.endpoint_url_sagemaker_runtime.rstrip("/")
        suffix = ".cn" if self.region.startswith("cn-") else ""
        return f"https://runtime.sagemaker.{self.region}.amazonaws.com{suffix}"
