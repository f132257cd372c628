"""The service and containers as real processes on real sockets, and boto3 as its client."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

# The tests are no package: what they share is found beside them.
sys.path.insert(0, str(Path(__file__).parent))

ACCOUNT, REGION = "000000000000", "us-east-1"
START_SECONDS = 30


class Process:
    """A server process, started when its URL answers."""

    def __init__(self, command: list[str], environment: dict[str, str], port: int, path: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command, self._path = command, path
        self._environment = {**os.environ, **environment}
        self.start()

    def start(self) -> None:
        """Start, and wait for an answer."""
        self.popen = subprocess.Popen(self._command, env=self._environment, cwd=Path(__file__).parent)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.popen.poll() is None, f"{self._command} ended with {self.popen.returncode}"
            assert time.monotonic() < deadline, f"{self._command} does not answer"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            httpx.get(f"{self.url}{self._path}", timeout=1)
        except httpx.TransportError:
            return False
        return True

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        if self.popen.poll() is None:
            self.popen.send_signal(how)
        return self.popen.wait(START_SECONDS)


class Container(Process):
    """A model container."""

    def __init__(self, name: str) -> None:
        port = free_port()
        server = [sys.executable, "-m", "uvicorn", "container:app", "--port", str(port), "--log-level", "warning"]
        super().__init__([*server, "--lifespan", "off"], {"CONTAINER_NAME": name}, port, "/ping")
        self.name = name

    def instance(self) -> dict[str, Any]:
        """As it stands in a route."""
        return {"id": f"i-{self.name}", "containers": [{"hostname": "container-1", "url": self.url}]}


class Service(Process):
    """The data plane."""

    def __init__(self, data: Path, **more: str) -> None:
        port = free_port()
        environment = {
            "ENDPOINTS_LISTEN": f"127.0.0.1:{port}",
            "ENDPOINTS_DATA": str(data),
            "ENDPOINTS_SEED": "7",
            "ENDPOINTS_AWS": "127.0.0.1:1",
            **more,
        }
        super().__init__([sys.executable, "-m", "obsiverse_endpoints"], environment, port, "/health")

    def route(
        self, endpoint: str, variants: dict[str, tuple[float, list[dict[str, Any]]]], account: str = ACCOUNT
    ) -> None:
        """Put a route: variant name to weight and instances."""
        document = {
            "arn": f"arn:aws:sagemaker:{REGION}:{account}:endpoint/{endpoint}",
            "variants": [{"name": n, "weight": w, "instances": i} for n, (w, i) in variants.items()],
        }
        url = f"{self.url}/_obsiverse/routes/{account}/{REGION}/{endpoint}"
        httpx.put(url, json=document).raise_for_status()

    def client(
        self,
        account: str = ACCOUNT,
        region: str = REGION,
        secret: str = "test",  # noqa: S107 - every account's
        token: str | None = None,
    ) -> Any:
        """A boto3 client that does not retry."""
        return boto3.client(
            "sagemaker-runtime",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}),
        )


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def container() -> Iterator[Callable[[str], Container]]:
    """Start containers by name."""
    started: list[Container] = []

    def start(name: str) -> Container:
        started.append(Container(name))
        return started[-1]

    yield start
    for one in started:
        one.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def shared_container() -> Iterator[Container]:
    """One container for tests that leave it alive."""
    started = Container("shared")
    yield started
    started.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for the tests of a module."""
    started = Service(tmp_path_factory.mktemp("endpoints"))
    yield started
    started.end(signal.SIGKILL)


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Start services with environments of their own."""
    started: list[Service] = []

    def start(**environment: str) -> Service:
        started.append(Service(tmp_path, **environment))
        return started[-1]

    yield start
    for one in started:
        one.end(signal.SIGKILL)


@pytest.fixture
def own_service(start_service: Callable[..., Service]) -> Service:
    """A service that a test may end."""
    return start_service()
