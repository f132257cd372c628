"""A real Docker engine, and small stacks of plain programs in it, run by the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import DockerException

BASE = "python:3.13-slim"
OBSIVERSE = [sys.executable, "-m", "obsiverse"]


@pytest.fixture(scope="session")
def engine() -> Any:
    """The engine that DOCKER_HOST, or the usual address, leads to."""
    try:
        client = docker.from_env(version="auto")
        client.images.get(BASE)
    except DockerException as error:
        pytest.skip(f"no Docker engine with {BASE}: {error}")
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker Compose")
    return client


class TinyStack:
    """A Compose file in a folder of its own, and the command line over it."""

    def __init__(self, folder: Path, engine: Any) -> None:
        self.folder, self.engine = folder, engine
        folder.mkdir(exist_ok=True)
        self.file, self.state = folder / "compose.yaml", folder / "state"
        self.environment = {**os.environ, "OBSIVERSE_STATE": str(self.state), "OBSIVERSE_ENGINE": "docker"}
        self.environment.pop("COMPOSE_PROJECT_NAME", None)

    def write(self, text: str, **values: object) -> None:
        """Set the Compose file; `<name>` in it stands for a value."""
        text = textwrap.dedent(text)
        for name, value in values.items():
            text = text.replace(f"<{name}>", str(value))
        self.file.write_text(f"name: tiny\n{text}")

    def run(self, *arguments: object, timeout: float = 90, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line to its end."""
        return subprocess.run(
            [*OBSIVERSE, "-f", self.file, *map(str, arguments)],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command line and return at once."""
        return subprocess.Popen(
            [*OBSIVERSE, "-f", str(self.file), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def rows(self) -> dict[str, dict[str, Any]]:
        """`ps --json` by name."""
        return {row["name"]: row for row in json.loads(self.run("ps", "--json").stdout)}

    def left(self) -> list[str]:
        """Names of the containers and networks of this stack."""
        containers = self.engine.containers.list(all=True, ignore_removed=True)
        networks = self.engine.networks.list()
        return [one.name for one in [*containers, *networks] if one.name.startswith(self.project)]

    def volumes(self) -> list[str]:
        """Names of the volumes of this stack."""
        return [one.name for one in self.engine.volumes.list() if one.name.startswith(self.project)]

    @property
    def project(self) -> str:
        """Compose's name of this stack."""
        from obsiverse.engine.docker.engine import project_name
        from obsiverse.engine.workspace import Workspace

        return project_name(Workspace(self.folder, (self.file,), self.state.resolve()))


@pytest.fixture
def tiny(tmp_path: Path, engine: Any) -> Iterator[TinyStack]:
    """A stack not yet written; what a test leaves of it is removed."""
    stack = TinyStack(tmp_path / "a stack", engine)
    yield stack
    stack.run("down", "-v")
    assert stack.left() == []


@pytest.fixture
def until() -> Callable[..., Any]:
    """Wait until a condition holds, and return what it gave."""

    def wait(condition: Callable[[], Any], within: float = 30) -> Any:
        deadline = time.monotonic() + within
        while not (found := condition()):
            assert time.monotonic() < deadline, "it did not come to hold"
            time.sleep(0.05)
        return found

    return wait
