"""What the environment decides."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """Settings; `obsiverse env` sets those that a target decides.

    Attributes:
        name: of the API, the function, its layer and its role.
        endpoint: the SageMaker endpoint that is asked.
        bucket: where answers are stored.
        aws: the address of all AWS APIs; None for AWS itself.
        otlp: where the function sends its spans, where its environment does not say so.
    """

    name: str = Field("obsiverse-app", validation_alias="OBSIVERSE_APP")
    endpoint: str = Field("clinical", validation_alias="ENDPOINT_NAME")
    bucket: str = Field(validation_alias="OBSIVERSE_BUCKET")
    aws: str | None = Field(None, validation_alias="AWS_ENDPOINT_URL")
    otlp: str | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
