"""Check the services' types and run their own tests, each in its own environment.

The test tools come from this checkout's development environment, behind the service's packages on the path, so that a
service is tested with exactly what its lock holds.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from obsiverse.components import python_environment

ROOT = Path(__file__).resolve().parents[1]
# The dashboards and the CDK app are no services, and are tested as one is.
PROJECTS = {
    tests.parent.name: tests.parent
    for tests in (*ROOT.glob("services/*/tests"), ROOT / "grafana" / "tests", ROOT / "infra" / "cdk" / "tests")
}
PYRIGHT = Path(sys.executable).with_name("pyright")
RUN = "import sys; sys.path.append(sys.argv.pop(1)); import pytest; raise SystemExit(pytest.main(sys.argv[1:]))"


def main(
    services: Annotated[list[str] | None, typer.Argument(help="Services; all where none is named.")] = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="Run tests/gpu with the service's environment instead.")] = False,
) -> None:
    """Exit with 1 when a service's tests fail."""
    chosen = services or sorted(PROJECTS)
    # Two at a time: they wait for processes more than they compute.
    with ThreadPoolExecutor(1 if gpu else 2) as pool:
        results = list(pool.map(lambda service: run(service, gpu, live=len(chosen) == 1), chosen))
    failed = [service for service, passed in zip(chosen, results, strict=True) if not passed]
    if failed:
        typer.echo(f"failed: {', '.join(failed)}", err=True)
        raise typer.Exit(1)


def run(service: str, gpu: bool, live: bool) -> bool:
    """Check one service's types and run its tests; False where either failed. What they print is shown at their end, or `live`."""
    project = PROJECTS.get(service)
    if project is None:
        raise typer.BadParameter(f"there is no service {service} with tests; there are {', '.join(sorted(PROJECTS))}")
    python = python_environment(project, ROOT / ".obsiverse" / "venvs")
    typer.echo(f"-- {service}: testing")
    options = ["-c", ROOT / "pyproject.toml", "--rootdir", project, "-q"]
    tests = ROOT / "tests" / "gpu" if gpu else project / "tests"
    commands = [] if gpu else [[PYRIGHT, "-p", project]]
    commands.append([python, "-c", RUN, sysconfig.get_path("purelib"), *options, tests])
    if not gpu and (project / "page").is_dir():
        commands.append([sys.executable, ROOT / "scripts" / "test_page.py"])
    began = time.monotonic()
    printed, status = "", 0
    for command in commands:
        where = None if live else subprocess.PIPE
        done = subprocess.run(
            command, cwd=project, stdout=where, stderr=where and subprocess.STDOUT, text=True, check=False
        )
        printed += done.stdout or ""
        status = done.returncode
        if status:
            break
    typer.echo(f"== {service}, after {time.monotonic() - began:.0f} s\n{printed}")
    return status == 0


if __name__ == "__main__":
    typer.run(main)
