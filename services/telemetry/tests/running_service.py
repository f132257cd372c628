"""The service as a process, and clients of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

ACCOUNT, REGION = "000000000000", "us-east-1"


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    """A process that can be killed and started again."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._environment = {
            **os.environ,
            "TELEMETRY_LISTEN": self.url.removeprefix("http://"),
            "TELEMETRY_DATA": str(data),
            **environment,
        }
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "obsiverse_telemetry"], env=self._environment)
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{self.url}/health")
            except httpx.TransportError:
                assert self.process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    def end(self, *, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(10)

    def client(self, service: str, account: str = ACCOUNT, region: str = REGION, secret: str = "test") -> Any:  # noqa: S107
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def post(
        self,
        path: str,
        body: bytes,
        service: str,
        headers: dict[str, str] | None = None,
        secret: str = "test",  # noqa: S107
    ) -> httpx.Response:
        """A signed POST."""
        request = AWSRequest("POST", self.url + path, headers=headers or {}, data=body)
        SigV4Auth(Credentials(ACCOUNT, secret), service, REGION).add_auth(request)
        return httpx.post(self.url + path, content=body, headers=dict(request.headers.items()), timeout=60)


def eventually[T](find: Callable[[], T], seconds: float = 10) -> T:
    """The first true value."""
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found
