"""Check the services' types and run their own tests, each in its own environment.

The test tools come from this checkout's development environment, behind the service's packages on the path, so that a
service is tested with exactly what its lock holds.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Annotated

import typer

from obsiverse.components import python_environment

ROOT = Path(__file__).resolve().parents[1]
PYRIGHT = Path(sys.executable).with_name("pyright")
RUN = "import sys; sys.path.append(sys.argv.pop(1)); import pytest; raise SystemExit(pytest.main(sys.argv[1:]))"


def main(
    services: Annotated[list[str] | None, typer.Argument(help="Services; all where none is named.")] = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="Run tests/gpu with the service's environment instead.")] = False,
) -> None:
    """Exit with 1 when a service's tests fail."""
    known = sorted(folder.parent.name for folder in (ROOT / "services").glob("*/tests"))
    failed = [service for service in services or known if not run(service, gpu)]
    if failed:
        typer.echo(f"failed: {', '.join(failed)}", err=True)
        raise typer.Exit(1)


def run(service: str, gpu: bool) -> bool:
    """Check one service's types and run its tests; False where either failed."""
    project = ROOT / "services" / service
    if not project.is_dir():
        raise typer.BadParameter(f"there is no service {service}")
    python = python_environment(project, ROOT / ".obsiverse" / "venvs")
    tests = ROOT / "tests" / "gpu" if gpu else project / "tests"
    typer.echo(f"== {service}")
    if not gpu and subprocess.run([PYRIGHT, "-p", project], check=False).returncode:
        return False
    tools = sysconfig.get_path("purelib")
    options = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(project), "-q"]
    return subprocess.run([python, "-c", RUN, tools, *options, str(tests)], cwd=project, check=False).returncode == 0


if __name__ == "__main__":
    typer.run(main)
