"""A running stack for the tests: one of their own, on ports of its own, unless OBSIVERSE_TEST_STACK names a running one's state."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[2]
OBSIVERSE = ROOT / ".venv" / "bin" / "obsiverse"
UP_SECONDS = 1500


class Stack:
    """A stack as a user has it: through the command line and its environment."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = {**os.environ, **environment}
        self._targets: dict[str, str] | None = None

    def run(self, *arguments: str, check: bool = True, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run the CLI; its output is part of the failure."""
        done = subprocess.run(
            [OBSIVERSE, *arguments], env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert not check or done.returncode == 0, (
            f"obsiverse {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done

    def json(self, *arguments: str) -> Any:
        """What a command prints with --json."""
        return json.loads(self.run(*arguments, "--json").stdout)

    @property
    def env(self) -> dict[str, str]:
        """What `obsiverse env` exports."""
        if self._targets is None:
            self._targets = self.json("env")
        return self._targets

    def rows(self) -> dict[str, dict[str, Any]]:
        """`ps --json` by name."""
        return {row["name"]: row for row in self.json("ps")}

    def client(self, service: str) -> Any:
        """A boto3 client, configured by nothing but the printed environment."""
        names = {"sagemaker-runtime": "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"}
        return boto3.client(
            service,
            endpoint_url=self.env[names.get(service, "AWS_ENDPOINT_URL")],
            region_name=self.env["AWS_REGION"],
            aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
        )

    def url(self, service: str, container_port: int) -> str:
        """Where a service answers, by the port it has in the Compose file."""
        config = self.json("config")
        for port in config["services"][service]["ports"]:
            if port["target"] == container_port:
                return f"http://127.0.0.1:{port['published']}"
        raise AssertionError(f"{service} publishes no {container_port}")


PORTS = (
    "AWS_PORT", "ENDPOINTS_PORT", "TELEMETRY_PORT", "MLFLOW_PORT", "OTEL_GRPC_PORT", "OTEL_HTTP_PORT", "OTEL_HEALTH_PORT",
    "PROMETHEUS_PORT", "ALERTMANAGER_PORT", "INBOX_PORT", "INBOX_SMTP_PORT", "TRAFFIC_PORT",
)  # fmt: skip


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now, below the range that clients' own ports are taken from."""
    found: list[int] = []
    candidate = 25000 + os.getpid() % 1000 * 4
    while len(found) < count:
        candidate += 1
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
        found.append(candidate)
    return found


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole topology, up, with the clinical scenario run."""
    running = os.environ.get("OBSIVERSE_TEST_STACK")
    if running:
        yield Stack({"OBSIVERSE_STATE": running})
        return
    state = tmp_path_factory.mktemp("a stack")
    (state / "venvs").symlink_to(_shared_venvs())
    ports = {name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    own = Stack({"OBSIVERSE_STATE": str(state), **ports})
    try:
        own.run("up", timeout=UP_SECONDS)
        yield own
    finally:
        own.run("down", "-v", check=False)


def _shared_venvs() -> Path:
    venvs = ROOT / ".obsiverse" / "venvs"
    venvs.mkdir(parents=True, exist_ok=True)
    return venvs


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Call a function until what it returns is true; fails with its last answer."""
    import time

    def wait(probe: Callable[[], Any], within: float = 30, every: float = 0.25) -> Any:
        deadline = time.monotonic() + within
        while True:
            try:
                value, error = probe(), None
            except Exception as caught:  # noqa: BLE001 - the last error is shown
                value, error = None, caught
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {within} s; last: {error or value!r}")
            time.sleep(every)

    return wait
