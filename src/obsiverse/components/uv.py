"""Finding uv and running it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from obsiverse.components import process
from obsiverse.components.errors import EnvironmentFailed, ToolMissing
from obsiverse.components.progress import Progress, Report
from obsiverse.components.settings import ComponentSettings

OLDEST = (0, 9)
_SHOWN_LINES = 20


def find_uv(settings: ComponentSettings) -> Path:
    """The uv to use: the one that OBSIVERSE_UV names, on PATH, or the one that `make up` brought.

    Raises:
        ToolMissing: none is there that is new enough.
    """
    if settings.uv is not None:
        if settings.uv.is_file():
            return settings.uv.absolute()
        raise ToolMissing(f"OBSIVERSE_UV names {settings.uv}, which is not there", "Unset it, or name a uv that is.")
    tried: list[str] = []
    for candidate in (shutil.which("uv"), str(settings.checkout / ".uv" / "bin" / "uv")):
        if candidate is None or not Path(candidate).is_file():
            continue
        version = _version(candidate)
        if version >= OLDEST:
            return Path(candidate).absolute()
        tried.append(f"{candidate} is older than {'.'.join(map(str, OLDEST))} or does not run")
    raise ToolMissing("; ".join(tried) or "uv is not here", "`make up` brings it; or install uv and put it on PATH.")


def run_uv(
    uv: Path,
    arguments: Sequence[str | Path],
    *,
    name: str,
    settings: ComponentSettings,
    report: Report,
    keep_open: Sequence[int],
) -> None:
    """Run uv in the checkout, where `.python-version` lets pyenv's shims choose the interpreter.

    Raises:
        EnvironmentFailed: with uv's own last lines.
        Cancelled: `interrupt()` was called.
    """
    # An environment of the user's own must not be taken for the one to fill.
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH")}
    if not environment.get("HOME"):
        environment |= {"UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(settings.cache / "uv"))}
    code, lines = process.run(
        [uv, "--no-progress", "--color", "never", *arguments],
        cwd=settings.checkout,
        environment=environment,
        on_line=lambda line: report(Progress(name, "installing", line)),
        keep_open=keep_open,
    )
    if code != 0:
        text = "\n".join(lines[-_SHOWN_LINES:])
        raise EnvironmentFailed(f"the Python environment of {name} could not be made:\n{text}", _hint(text))


def _hint(text: str) -> str:
    if re.search(r"No space left|os error 28", text):
        return "Free some disk space; uv keeps its cache where `uv cache dir` says."
    if re.search(r"hash", text, re.IGNORECASE) and re.search(r"mismatch|unexpected", text, re.IGNORECASE):
        return "A package is not the one that was locked: check the package index in use, or `uv cache clean`."
    if re.search(r"No interpreter|No Python|not find a Python", text, re.IGNORECASE):
        return "Install Python 3.13, or let uv fetch it: `uv python install 3.13`."
    if re.search(r"connect|dns|timed? ?out|network|error sending request", text, re.IGNORECASE):
        return "The package index can't be reached: check the network, or name another one in UV_DEFAULT_INDEX."
    return "Run it again; what was downloaded is kept."


def _version(uv: str) -> tuple[int, ...]:
    try:
        done = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False, timeout=20, cwd="/")
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found and done.returncode == 0 else ()
