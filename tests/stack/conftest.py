"""A running stack for the tests: one of their own, on ports of its own, unless OBSIVERSE_TEST_STACK names a running one's state."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import socket
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import docker
import psutil
import pytest
from obsiverse_client import AgentClient
from testcontainers.compose import DockerCompose

from obsiverse.agent import launch
from obsiverse.engine.docker import address

ROOT = Path(__file__).resolve().parents[2]
OBSIVERSE = ROOT / ".venv" / "bin" / "obsiverse"
UP_SECONDS = 1500


class Stack:
    """A stack as a user has it: through the command line and its environment."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = {**os.environ, **environment}
        self._targets: dict[str, str] | None = None

    def read_file(self, service: str, path: str) -> bytes:
        """A file in a volume of a service."""
        for volume in self.json("config")["services"][service]["volumes"]:
            if volume["type"] == "volume" and Path(path).is_relative_to(volume["target"]):
                rest = Path(path).relative_to(volume["target"])
                return (Path(self.environment["OBSIVERSE_STATE"]) / "data" / volume["source"] / rest).read_bytes()
        raise AssertionError(f"no volume of {service} holds {path}")

    def agent_pid(self) -> int:
        """The agent's process."""
        return AgentClient(f"unix://{self._socket}").health()["pid"]

    @property
    def _socket(self) -> Path:
        return launch.socket_path(Path(self.environment["OBSIVERSE_STATE"]))

    def leftovers(self) -> list[str]:
        """What `down` should have removed: processes that have the state folder in their environment."""
        state = self.environment["OBSIVERSE_STATE"]
        marked = [one for one in psutil.process_iter(["environ", "cmdline"]) if state in str(one.info["environ"])]
        return [" ".join(one.info["cmdline"]) for one in marked if one.pid != os.getpid()]

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


class DockerStack(Stack):
    """A stack that plain Docker Compose brought up."""

    def read_file(self, service: str, path: str) -> bytes:
        chunks, _ = self._container(service).get_archive(path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            content = tar.extractfile(tar.getmembers()[0])
            assert content is not None, f"{path} is no file"
            return content.read()

    def agent_pid(self) -> int:
        return self._container("agent").attrs["State"]["Pid"]

    def leftovers(self) -> list[str]:
        project = self.environment["COMPOSE_PROJECT_NAME"]
        found: list[Any] = []
        for label in (f"com.docker.compose.project={project}", f"obsiverse.agent={project}"):
            wanted = {"label": label}
            found += engine().containers.list(all=True, ignore_removed=True, filters=wanted) + engine().networks.list(
                filters=wanted
            )
        return [one.name for one in found]

    def _container(self, service: str) -> Any:
        project = self.environment["COMPOSE_PROJECT_NAME"]
        labels = [f"com.docker.compose.project={project}", f"com.docker.compose.service={service}"]
        return engine().containers.list(all=True, ignore_removed=True, filters={"label": labels})[0]


@functools.cache
def engine() -> Any:
    """The Docker engine that the tests use."""
    return docker.from_env(version="auto")


PORTS = (
    "AWS_PORT", "ENDPOINTS_PORT", "TELEMETRY_PORT", "XRAY_DAEMON_PORT", "MLFLOW_PORT", "OTEL_GRPC_PORT", "OTEL_HTTP_PORT",
    "OTEL_HEALTH_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT", "INBOX_PORT", "INBOX_SMTP_PORT", "TRAFFIC_PORT", "GRAFANA_PORT",
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
    ports = {name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    start = _in_docker if os.environ.get("OBSIVERSE_ENGINE") == "docker" else _natively
    with start({"OBSIVERSE_STATE": str(state), **ports}) as own:
        yield own


@contextlib.contextmanager
def _natively(environment: dict[str, str]) -> Iterator[Stack]:
    (Path(environment["OBSIVERSE_STATE"]) / "venvs").symlink_to(_shared_venvs())
    own = Stack({**environment, "OBSIVERSE_ENGINE": "native"})
    try:
        own.run("up", timeout=UP_SECONDS)
        yield own
    finally:
        own.run("down", "-v", check=False)


@contextlib.contextmanager
def _in_docker(environment: dict[str, str]) -> Iterator[Stack]:
    """As a user of Compose alone starts it; the command line then finds it by its project's name."""
    project = f"obsiverse-stack-{os.getpid()}"
    files = ["compose.yaml"]
    if int(engine().version()["Version"].split(".")[0]) < 25:
        files.append("docker-24.yaml")
    if not engine().images.list("obsiverse/grafana"):
        files.append("lookout.yaml")
    socket = os.environ.get("DOCKER_SOCKET") or address.socket_of(address.address()) or "/var/run/docker.sock"
    with pytest.MonkeyPatch.context() as patch:
        # testcontainers hands Compose this process's environment.
        for name, value in {**environment, "COMPOSE_PROJECT_NAME": project, "DOCKER_SOCKET": socket}.items():
            patch.setenv(name, value)
        with DockerCompose(ROOT / "compose", compose_file_name=files):
            yield DockerStack({})
        volumes = engine().volumes.list(filters={"label": f"com.docker.compose.project={project}"})
        assert volumes == [], "down --volumes left volumes"


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
