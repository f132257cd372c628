"""A target's addresses out of the environment."""

from __future__ import annotations

import pytest
from obsiverse_client import Target, TargetError

WHOLE = {
    "AWS_ENDPOINT_URL": "http://aws:4566",
    "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": "http://endpoints:4570",
    "MLFLOW_TRACKING_URI": "http://mlflow:5000",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel-collector:4318",
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "123456789012",
}


def test_all_addresses_are_read() -> None:
    assert Target.from_env(WHOLE) == Target(
        aws="http://aws:4566",
        sagemaker_runtime="http://endpoints:4570",
        mlflow="http://mlflow:5000",
        otlp="http://otel-collector:4318",
        region="eu-west-1",
        account="123456789012",
    )


@pytest.mark.parametrize("key", ["", "test", "1234567890123", "12345678901x", "AKIAIOSFODNN7EXAMPLE"])
def test_any_other_key_is_the_default_account(key: str) -> None:
    assert Target.from_env({**WHOLE, "AWS_ACCESS_KEY_ID": key}).account == "000000000000"


def test_the_default_region_stands_in_for_the_region() -> None:
    environment = {**WHOLE, "AWS_DEFAULT_REGION": "us-east-2", "AWS_REGION": ""}
    assert Target.from_env(environment).region == "us-east-2"


def test_every_missing_variable_is_named() -> None:
    environment = {name: value for name, value in WHOLE.items() if name not in ("MLFLOW_TRACKING_URI", "AWS_REGION")}
    with pytest.raises(TargetError, match="MLFLOW_TRACKING_URI, AWS_REGION or AWS_DEFAULT_REGION") as caught:
        Target.from_env(environment)
    assert caught.value.variables == ("MLFLOW_TRACKING_URI", "AWS_REGION or AWS_DEFAULT_REGION")


def test_the_process_own_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WHOLE.items():
        monkeypatch.setenv(name, value)
    assert Target.from_env() == Target.from_env(WHOLE)
