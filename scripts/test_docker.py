"""The tests that need a Docker engine: tests/docker, and tests/stack on a stack that Docker Compose brings up.

Uses the engine that answers. Where none does, root can have one for the run: `dockerd` from PATH, in a folder that is deleted at
the end, with stand-ins for the images that can't be pulled. It installs nothing; what is missing is said, and the tests are skipped.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import docker
import typer
from docker.errors import DockerException

from obsiverse import components

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "scripts" / "docker"
PYTEST = (sys.executable, "-m", "pytest")
COMPOSE = ("docker", "compose", "--progress", "quiet", "-f", ROOT / "compose" / "compose.yaml")
# The collector's image has a stand-in: its Go build takes longer than all of these.
OURS = ("agent", "aws", "endpoints", "inbox", "lambda-python", "mlflow", "model", "scenario", "telemetry", "traffic")
LOOKOUT = ("-f", ROOT / "compose" / "lookout.yaml")


class Missing(Exception):
    """What a run needs and this machine lacks."""


def main(
    tests: Annotated[list[str] | None, typer.Argument(help="Arguments for pytest instead of all tests.")] = None,
) -> None:
    """Exit with pytest's code; with 0 where there is no engine."""
    try:
        with contextlib.ExitStack() as stack:
            own = stack.enter_context(engine())
            stack.enter_context(compose_plugin())
            run(SCRIPTS / "base_image.sh")
            typer.echo("building our images ...", err=True)
            run(*COMPOSE, "build", *OURS)
            # Lookout's is built in any case, as its own tests want it. Grafana's can't be where there is no registry.
            run(*COMPOSE, *LOOKOUT, "build", "grafana")
            if subprocess.run([*COMPOSE, "build", "grafana"], capture_output=True, check=False).returncode:
                typer.echo("Grafana's image can't be built here: its tests are skipped, and Lookout runs", err=True)
            os.environ["OBSIVERSE_ENGINE"] = "docker"
            # The first wait more than they work, the second share one stack, the third stop the engine itself.
            run(*PYTEST, *(tests or ["tests/docker", "-n", "2"]))
            if not tests:
                run(*PYTEST, "tests/stack")
            if own and not tests:
                run(*PYTEST, "tests/docker/test_engine_restart.py", OBSIVERSE_TEST_DOCKERD=own)
    except Missing as error:
        typer.echo(f"skipped: {error}", err=True)


def run(*command: str | Path, **environment: str) -> None:
    """Run a program; its code ends this where it is not 0."""
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode
    if code:
        raise typer.Exit(code)


@contextlib.contextmanager
def engine() -> Iterator[str]:
    """An engine that DOCKER_HOST, or the usual address, leads to; the folder of one that was started for this, else empty.

    Raises:
        Missing: none answers, and none can be started.
    """
    if reason := no_engine():
        if os.geteuid() != 0:
            raise Missing(f"{reason} Start Docker, or run this as root where `dockerd` is installed.")
        if shutil.which("dockerd") is None:
            raise Missing(
                f"{reason} There is no `dockerd` on PATH to start one: on Debian, `apt-get install docker.io debootstrap`."
            )
        # Short, because containerd has sockets deep in it and their paths are limited to about 100 bytes.
        folder = Path(tempfile.mkdtemp(prefix="obsiverse-docker-"))
        os.environ["DOCKER_HOST"] = f"unix://{folder}/docker.sock"
        try:
            run(SCRIPTS / "engine.sh", "start", folder)
            yield str(folder)
        finally:
            subprocess.run([SCRIPTS / "engine.sh", "stop", folder], check=False)
            shutil.rmtree(folder, ignore_errors=True)
    else:
        yield ""


def no_engine() -> str:
    """Why no engine answers; empty where one does."""
    try:
        docker.from_env(version="auto").ping()
    except DockerException as error:
        return f"no Docker engine answers ({error})."
    return ""


@contextlib.contextmanager
def compose_plugin() -> Iterator[None]:
    """`docker compose`, from the pinned Go module where Docker has no such plugin."""
    if shutil.which("docker") is None:
        raise Missing("there is no `docker` on PATH.")
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0:
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        plugins = Path(folder) / "cli-plugins"
        plugins.mkdir()
        (plugins / "docker-compose").symlink_to(components.get("docker-compose").path)
        os.environ["DOCKER_CONFIG"] = folder
        yield


if __name__ == "__main__":
    typer.run(main)
