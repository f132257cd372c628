"""A service's Python environment, made from its own lock and left alone while nothing it is made from changes."""

from __future__ import annotations

import hashlib
import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import BaseModel, ValidationError

from obsiverse.components import torch
from obsiverse.components.errors import ComponentError, NoSpace
from obsiverse.components.filelock import hold
from obsiverse.components.progress import Report, ignore
from obsiverse.components.settings import ComponentSettings
from obsiverse.components.torch import Requirements
from obsiverse.components.uv import find_uv, run_uv

_STAMP = ".obsiverse.json"
_OURS = {"obsiverse-client": "client", "obsiverse-dataplane": "dataplane"}
"""The packages of this checkout that others depend on, and their folders."""


class _Stamp(BaseModel):
    """Written into an environment once it is whole.

    Attributes:
        key: hash of all it was made from.
        interpreter: what its pyvenv.cfg said, so that an upgraded Python is seen without starting it.
        requirements: the lock file taken, and why that one.
    """

    key: str
    interpreter: str
    requirements: str
    why: str


@dataclass(frozen=True)
class _Project:
    folder: Path
    uses_torch: bool
    ours: tuple[str, ...]

    @classmethod
    def read(cls, folder: Path) -> _Project:
        try:
            content = tomllib.loads((folder / "pyproject.toml").read_text())
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ComponentError(
                f"{folder / 'pyproject.toml'} can't be read: {error}", "Is this a Python project?"
            ) from error
        if not (folder / torch.LOCK).is_file():
            raise ComponentError(f"{folder} has no {torch.LOCK}", "Make it with `make lock`.")
        dependencies = cast("list[str]", content.get("project", {}).get("dependencies", []))
        return cls(
            folder,
            uses_torch=bool(content.get("tool", {}).get("obsiverse", {}).get("torch")),
            ours=tuple(path for name, path in _OURS.items() if _names(dependencies, name)),
        )


def _names(dependencies: list[str], package: str) -> bool:
    return any(re.match(rf"{package}\b(?!-)", each.strip().lower()) for each in dependencies)


def python_environment(
    project: Path, state_venvs: Path, *, settings: ComponentSettings | None = None, report: Report = ignore
) -> Path:
    """The interpreter of a project's environment, which is made if it is not there or made from something else.

    Takes a few milliseconds where nothing changed. Safe to call from several threads and processes.

    Args:
        project: a folder with pyproject.toml and requirements.lock.
        state_venvs: the folder of environments; this one is named after the project's folder.

    Raises:
        ToolMissing: there is no uv.
        EnvironmentFailed: uv failed; its last lines are in the message.
        ComponentError: the project lacks a file, or the disk is full.
        Cancelled: `interrupt()` was called; the half-made environment is made anew the next time.
    """
    chosen = settings or ComponentSettings()
    source = _Project.read(project.resolve())
    venv = state_venvs.absolute() / project.resolve().name
    key = _key(source, venv, chosen)
    if _whole(venv, key):
        return _python(venv)
    with hold(venv.with_name(f".{venv.name}.guard"), venv.name, report) as descriptor:
        if not _whole(venv, key):
            _make(source, venv, key, chosen, report, descriptor)
    return _python(venv)


def requirements_taken(project: Path, state_venvs: Path) -> str:
    """Which lock file an environment was made from and why, in words; empty if there is none."""
    try:
        stamp = _Stamp.model_validate_json((state_venvs / project.resolve().name / _STAMP).read_text())
    except (OSError, ValidationError):
        return ""
    return f"{stamp.requirements}: {stamp.why}" if stamp.why else stamp.requirements


def _make(source: _Project, venv: Path, key: str, settings: ComponentSettings, report: Report, descriptor: int) -> None:
    uv = find_uv(settings)
    usual = Requirements(source.folder / torch.LOCK, "", "")
    requirements = torch.choose(source.folder, settings) if source.uses_torch else usual
    editable: list[str | Path] = ["-e", source.folder]
    for name in source.ours:
        editable += ["-e", settings.checkout / name]
    # Hashes are required, so a second index can only offer other places for the same files.
    index = ["--index", requirements.index, "--index-strategy", "unsafe-best-match"] if requirements.index else []
    try:
        if venv.exists():
            shutil.rmtree(venv)
    except OSError as error:
        raise NoSpace(venv, error) from error

    def run(*arguments: str | Path) -> None:
        run_uv(uv, arguments, name=venv.name, settings=settings, report=report, keep_open=(descriptor,))

    python = _python(venv)
    run("venv", "--quiet", "--python", _python_request(settings), venv)
    run("pip", "install", "--python", python, "--require-hashes", *index, "-r", requirements.file)
    run("pip", "install", "--python", python, "--no-deps", *editable)
    stamp = _Stamp(key=key, interpreter=_interpreter(venv), requirements=requirements.file.name, why=requirements.why)
    try:
        (venv / _STAMP).write_text(stamp.model_dump_json())
    except OSError as error:
        raise NoSpace(venv, error) from error


def _key(source: _Project, venv: Path, settings: ComponentSettings) -> str:
    """Hash of all that an environment is made from."""
    files = [source.folder / "pyproject.toml", source.folder / torch.LOCK]
    files += [settings.checkout / name / "pyproject.toml" for name in source.ours]
    if source.uses_torch:
        files.append(source.folder / torch.CPU_LOCK)
    parts = [str(venv), _python_request(settings), str(source.uses_torch and torch.has_nvidia_driver())]
    digest = hashlib.sha256("\n".join(parts).encode())
    for file in files:
        digest.update(f"\n{file}\n".encode())
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _whole(venv: Path, key: str) -> bool:
    """Whether an environment was finished, from the same things, and its interpreter is still there."""
    try:
        stamp = _Stamp.model_validate_json((venv / _STAMP).read_text())
        # exists() follows the link to the interpreter that the environment was made with.
        return stamp.key == key and _python(venv).exists() and stamp.interpreter == _interpreter(venv)
    except (OSError, ValidationError):
        return False


def _python(venv: Path) -> Path:
    return venv / "bin" / "python"


def _interpreter(venv: Path) -> str:
    return (venv / "pyvenv.cfg").read_text()


def _python_request(settings: ComponentSettings) -> str:
    try:
        return (settings.checkout / ".python-version").read_text().split()[0]
    except (OSError, IndexError):
        return "3.13"
