"""A service's web page: built by npm from its own lock, once for the sources that it is made of."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from obsiverse.components import process
from obsiverse.components.errors import BuildFailed, ComponentError, NoSpace
from obsiverse.components.filelock import hold
from obsiverse.components.nodejs import Node, find_node
from obsiverse.components.progress import Progress, Report, ignore
from obsiverse.components.settings import ComponentSettings

MANIFEST, LOCK, BUILT = "package.json", "package-lock.json", "dist"
_MADE = frozenset({"node_modules", BUILT, "coverage", "test-results", "playwright-report"})
"""Folders that tools make among the sources."""
_SHOWN_LINES = 20
_KEPT_SECONDS = 30 * 86400.0


def web_page(folder: Path, *, settings: ComponentSettings | None = None, report: Report = ignore) -> Path:
    """The folder of a built page, which `npm ci` and `npm run build` make where it is not in the cache yet.

    Takes some milliseconds where nothing changed. Safe to call from several threads and processes. The sources are
    copied first: a checkout may be read-only, and stays as it is.

    Args:
        folder: has package.json with a script `build` that makes `dist`, and package-lock.json.

    Raises:
        ComponentError: the folder lacks a file, or can't be read.
        ToolMissing: there is no Node.js to be had.
        BuildFailed: npm failed; its last lines are in the message.
        NoSpace: the disk is full.
        Cancelled: `interrupt()` was called; what was half built is made anew the next time.
    """
    chosen = settings or ComponentSettings()
    source = folder.resolve()
    name = page_name(source)
    pages = chosen.cache / "pages" / name
    built = pages / page_key(source)
    if not _whole(built):
        with hold(pages / ".guard", name, report) as descriptor:
            if not _whole(built):
                _build(source, built, name, chosen, report, descriptor)
                _drop_old(pages, built)
    with contextlib.suppress(OSError):
        os.utime(built)
    return built


def page_name(folder: Path) -> str:
    """What to call a page: a folder called `page` says little, the service that it is of does."""
    return "-".join(folder.resolve().parts[-2:]).lstrip("-/")


def page_key(folder: Path) -> str:
    """A short hash of a page's sources. What built it is not in it: a newer Node.js makes nobody wait.

    Raises:
        ComponentError: a file is missing or can't be read.
    """
    digest = hashlib.sha256()
    for needed in (MANIFEST, LOCK):
        if not (folder / needed).is_file():
            raise ComponentError(f"{folder} has no {needed}", "Restore it from version control.")
    try:
        for path in _sources(folder):
            content = path.read_bytes()
            digest.update(f"\n{path.relative_to(folder)} {len(content)}\n".encode())
            digest.update(content)
    except OSError as error:
        raise ComponentError(
            f"{error.filename} can't be read: {error.strerror}", "Restore it from version control."
        ) from error
    return digest.hexdigest()[:16]


def _sources(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if each not in _MADE and not each.startswith("."))
        yield from (Path(place) / each for each in sorted(files))


def _whole(built: Path) -> bool:
    # It appears in one step, so what is there is whole.
    return (built / "index.html").is_file()


def _build(source: Path, built: Path, name: str, settings: ComponentSettings, report: Report, descriptor: int) -> None:
    node = find_node(settings, lambda at: report(Progress(name, at.phase, f"Node.js: {at.detail}")))
    work = built.with_name(".new")
    try:
        shutil.rmtree(work, ignore_errors=True)
        for path in _sources(source):
            copy = work / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    except OSError as error:
        raise NoSpace(work, error) from error
    try:
        watch = _Watch(name, report)
        _npm(
            node,
            ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=http"],
            work,
            watch,
            settings,
            descriptor,
        )
        _npm(node, ["run", "build"], work, watch, settings, descriptor)
        made = work / BUILT
        if not _whole(made):
            raise BuildFailed(f"`npm run build` of {source} makes no {BUILT}/index.html", "Mend its build script.")
        try:
            shutil.rmtree(built, ignore_errors=True)
            made.replace(built)
        except OSError as error:
            raise NoSpace(built.parent, error) from error
    finally:
        # Its packages take a hundred times the room of the page.
        shutil.rmtree(work, ignore_errors=True)


class _Watch:
    """Turns npm's lines into progress, and keeps those that say why it failed."""

    def __init__(self, name: str, report: Report) -> None:
        self._name = name
        self._report = report
        self._fetched = 0

    def __call__(self, line: str) -> None:
        if line.startswith("npm http "):
            self._fetched += 1
            self._report(Progress(self._name, "installing", f"{self._fetched} packages"))
        elif line.strip():
            self._report(Progress(self._name, "building", line.strip()))

    def begin(self, what: str) -> None:
        """npm is silent at first, so what it does is said for it."""
        self._report(Progress(self._name, "building" if what == "run" else "installing", f"npm {what}"))


def _npm(
    node: Node, arguments: list[str], work: Path, watch: _Watch, settings: ComponentSettings, descriptor: int
) -> None:
    # NODE_ENV=production would leave out what builds the page; options meant for another program may break this one.
    environment = {k: v for k, v in os.environ.items() if k not in ("NODE_ENV", "NODE_OPTIONS", "FORCE_COLOR")}
    environment |= {
        "PATH": f"{node.folder}{os.pathsep}{os.environ.get('PATH', '')}",
        "CI": "true",
        "NO_COLOR": "1",
        "npm_config_update_notifier": "false",
    }
    if not environment.get("HOME"):
        environment |= {"HOME": str(work), "npm_config_cache": str(settings.cache / "npm")}
    watch.begin(arguments[0])
    code, lines = process.run(
        [*node.npm, *arguments], cwd=work, environment=environment, on_line=watch, keep_open=(descriptor,)
    )
    if code != 0:
        told = [line for line in lines if line.strip() and not line.startswith("npm http ")]
        text = "\n".join(told[-_SHOWN_LINES:])
        command = f"npm {' '.join(each for each in arguments if not each.startswith('--'))}"
        raise BuildFailed(f"`{command}` failed ({node.source}):\n{text}", _hint(text))


def _hint(text: str) -> str:
    if re.search(r"ENOSPC|no space left", text, re.IGNORECASE):
        return "Free some disk space; npm keeps its cache where `npm config get cache` says."
    if re.search(r"EINTEGRITY", text):
        return "A package is not the one that was locked: check the registry in use, or `npm cache clean --force`."
    if re.search(r"ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|network|ENETUNREACH", text):
        return "npm's registry can't be reached: check the network, or name another one in npm_config_registry."
    return "Run it again; what was downloaded is kept."


def _drop_old(pages: Path, built: Path) -> None:
    """Delete what no start has used for long; a running stack's page is younger than that or was used again."""
    for each in pages.iterdir():
        with contextlib.suppress(OSError):
            if each.is_dir() and each != built and time.time() - each.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(each)
