"""What the environment decides."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """Settings of a run; the AWS SDK reads its own variables itself.

    Attributes:
        bucket: for data, source and models; empty: `obsiverse-<account>-<region>`.
        model_image: of training and serving; empty: `obsiverse/model` in the account's registry.
        role: that SageMaker takes; empty: `obsiverse-sagemaker` of the account.
        tracking_uri: of MLflow; training logs its run there.
        otlp_endpoint: that training and serving push telemetry to.
        traffic: host and port of the traffic service; empty: no traffic is started.
        data: folder for result.json.
    """

    bucket: str = Field("", validation_alias="OBSIVERSE_BUCKET")
    model_image: str = Field("", validation_alias="MODEL_IMAGE")
    role: str = Field("", validation_alias="SAGEMAKER_ROLE_ARN")
    tracking_uri: str = Field("", validation_alias="MLFLOW_TRACKING_URI")
    otlp_endpoint: str = Field("", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    traffic: str = Field("", validation_alias="TRAFFIC_ADDR")
    data: Path = Field(Path("/var/lib/scenario"), validation_alias="SCENARIO_DATA")
