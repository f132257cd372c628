"""Programs on PATH and the versions they say they have."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from obsiverse.components.settings import ComponentSettings


def find_on_path(executable: str, wanted: str, settings: ComponentSettings) -> tuple[Path, str] | str:
    """The executable on PATH and its version, if that is the wanted one or a later patch of it; else why not."""
    found = shutil.which(executable)
    if found is None:
        return f"no {executable} on PATH"
    path = Path(found).resolve()
    version = _version(path, settings.components / "versions-on-path.json")
    if not version:
        return f"{found} does not say its version"
    if not acceptable(version, wanted):
        return f"{found} is version {version}, {wanted} is needed"
    return path, version


def acceptable(version: str, wanted: str) -> bool:
    """Whether a version has the wanted major and minor number and no earlier patch."""
    major, minor, patch = (int(n) for n in version.split("."))
    wanted_major, wanted_minor, wanted_patch = (int(n) for n in wanted.split("."))
    return (major, minor) == (wanted_major, wanted_minor) and patch >= wanted_patch


def _version(path: Path, notes: Path) -> str:
    """What `--version` says; remembered while the file stays the same, as starting it takes time."""
    state = path.stat()
    key = f"{path} {state.st_size} {state.st_mtime_ns} {state.st_ino}"
    try:
        known: dict[str, str] = json.loads(notes.read_text())
    except (OSError, ValueError):
        known = {}
    if key in known:
        return known[key]
    version = _ask(path)
    if version:
        _remember(notes, {**{k: v for k, v in known.items() if not k.startswith(f"{path} ")}, key: version})
    return version


def _ask(path: Path) -> str:
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, errors="replace", check=False, timeout=20, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\bv?(\d+\.\d+\.\d+)\b", done.stdout + done.stderr)
    return found[1] if found and done.returncode == 0 else ""


def _remember(notes: Path, known: dict[str, str]) -> None:
    new = notes.with_name(f"{notes.name}.{os.getpid()}")
    try:
        notes.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(json.dumps(known))
        new.replace(notes)
    except OSError:
        new.unlink(missing_ok=True)
