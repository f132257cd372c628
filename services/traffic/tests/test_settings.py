"""Where the AWS API is called."""

from __future__ import annotations

import pytest
from obsiverse_traffic.settings import AwsSettings


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({"AWS_REGION": "eu-west-1"}, "https://runtime.sagemaker.eu-west-1.amazonaws.com"),
        ({"AWS_DEFAULT_REGION": "cn-north-1"}, "https://runtime.sagemaker.cn-north-1.amazonaws.com.cn"),
        (
            {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": "http://127.0.0.1:4570/"},
            "http://127.0.0.1:4570",
        ),
    ],
)
def test_public_endpoint_of_the_region_unless_the_environment_names_another(monkeypatch, environment, url):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**environment, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}.items():
        monkeypatch.setenv(name, value)
    assert AwsSettings().runtime_url == url
