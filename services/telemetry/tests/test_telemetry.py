"""The service as a process, and boto3 as its client."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the service answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = {"TELEMETRY_LISTEN": address, "TELEMETRY_DATA": str(tmp_path_factory.mktemp("data"))}
    service = subprocess.Popen([sys.executable, "-m", "obsiverse_telemetry"], env={**os.environ, **environment})
    deadline = time.monotonic() + 30
    while not answers(f"http://{address}/health"):
        assert service.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield f"http://{address}"
    service.send_signal(signal.SIGTERM)
    assert service.wait(10) in (0, -signal.SIGTERM)


def answers(url: str) -> bool:
    """True when an HTTP server answers there."""
    try:
        httpx.get(url)
    except httpx.TransportError:
        return False
    return True


def test_it_is_healthy(url):
    answer = httpx.get(f"{url}/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("amp", "list_workspaces", {}),
        ("logs", "describe_log_groups", {}),
    ],
)
def test_every_call_is_an_error_that_says_what_is_missing(url, service, operation, arguments):
    client = boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**arguments)
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_remote_write_is_refused_and_not_swallowed(url):
    answer = httpx.post(f"{url}/workspaces/ws-1/api/v1/remote_write", content=b"x")
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "MissingAuthenticationTokenException")
