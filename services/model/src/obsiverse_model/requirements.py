"""requirements.txt beside user code: installed into a folder of its own, and only if something is missing."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import structlog
from packaging.requirements import InvalidRequirement, Requirement

from obsiverse_model.errors import RequirementsError

_log = structlog.stdlib.get_logger()


def install(requirements: Path, target: Path) -> Path | None:
    """Install what is missing into `target`.

    Returns the folder to put on the path, or None if nothing is missing or there is no such file. The container's own
    packages are left alone: what a requirement brings stands before them.

    Raises:
        RequirementsError: there is no installer, or it failed; its last lines are in the message.
    """
    if not requirements.is_file():
        return None
    missing = [line for line in _lines(requirements) if not _satisfied(line)]
    if not missing:
        _log.info("every requirement is installed already", file=str(requirements))
        return None
    _log.info("installing requirements", missing=missing, target=str(target))
    done = subprocess.run(
        [*_installer(), "--target", str(target), "-r", str(requirements)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise RequirementsError(f"{requirements.name} could not be installed (exit code {done.returncode}): {tail}")
    return target


def _lines(requirements: Path) -> list[str]:
    stripped = (line.split(" #")[0].strip() for line in requirements.read_text().splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


def _satisfied(line: str) -> bool:
    try:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate():
            return True
        installed = metadata.version(requirement.name)
    except (InvalidRequirement, metadata.PackageNotFoundError):
        return False
    return not requirement.extras and requirement.specifier.contains(installed, prereleases=True)


def _installer() -> list[str]:
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    raise RequirementsError("requirements.txt names packages that are missing, and neither uv nor pip is here")
