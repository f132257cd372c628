"""From a program's name to its path: on PATH, cached, released or built; the first that works."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from obsiverse.components import catalog, golang
from obsiverse.components.catalog import GO_VERSION, Distribution
from obsiverse.components.errors import BuildFailed, ComponentError, DownloadFailed, ToolMissing, Unreachable
from obsiverse.components.filelock import hold
from obsiverse.components.progress import Report, ignore
from obsiverse.components.refusals import Refusals
from obsiverse.components.settings import ComponentSettings, Platform
from obsiverse.components.store import Cached, Record, Store
from obsiverse.components.versions import find_on_path

type Source = Literal["path", "release", "built"]

REMEMBERED = 3600.0
"""Seconds after which what could not be had is tried again by who has something else instead."""

_GO_MISSING = "Install Go from your system's packages or go.dev/dl, then run it again."


@dataclass(frozen=True)
class Resolved:
    """A program that is there.

    Attributes:
        source: where it came from; `release` and `built` ones are in the cache.
        reason: in words, with why each source that is tried earlier was not taken.
    """

    name: str
    path: Path
    source: Source
    version: str
    reason: str


@dataclass(frozen=True)
class Explanation:
    """Where a program comes from, or would.

    Attributes:
        ok: True if it is there, None if `get` has yet to get it, False if it can't be had.
        text: one line.
        hint: the next step, if there is one.
    """

    ok: bool | None
    text: str
    hint: str = ""


def get(
    program: str, *, settings: ComponentSettings | None = None, report: Report = ignore, remembered: float = 0.0
) -> Resolved:
    """The path of a program, which is downloaded or built if it is not there yet.

    Safe to call from several threads and processes: what one gets, the others wait for.

    Args:
        remembered: seconds for which an earlier failure of all sources is taken for the answer.

    Raises:
        UnknownComponent: no program has that name.
        ChecksumMismatch: a download is not what it should be; no other source is tried.
        ComponentError: no source worked; the message says why each failed.
    """
    chosen = settings or ComponentSettings()
    distribution = catalog.find(program)
    if chosen.leaves_out(program):
        raise ToolMissing(f"OBSIVERSE_WITHOUT leaves {program} out", f"Take {program} out of it.")
    ready, skipped = _ready(program, distribution, chosen)
    if ready is not None:
        return ready
    store, refusals = _store(distribution, chosen), _refusals(distribution, chosen)
    if refused := refusals.last(remembered):
        raise ToolMissing(f"{refused.why} (tried at {refused.when})", refused.hint)
    with hold(store.guard, distribution.name, report) as descriptor:
        ready, skipped = _ready(program, distribution, chosen)
        if ready is not None:
            return ready
        try:
            cached = _obtain(distribution, store, skipped, chosen, report, descriptor)
        except (ToolMissing, BuildFailed) as error:
            refusals.note(error.message, error.hint)
            raise
        refusals.forget()
    return _resolved(program, cached)


def explain(program: str, *, settings: ComponentSettings | None = None) -> Explanation:
    """Where a program comes from and why not from elsewhere, without getting it."""
    chosen = settings or ComponentSettings()
    try:
        distribution = catalog.find(program)
        ready, skipped = _ready(program, distribution, chosen)
    except ComponentError as error:
        return Explanation(False, error.message, error.hint)
    if chosen.leaves_out(program):
        return Explanation(None, f"OBSIVERSE_WITHOUT leaves {program} out")
    if ready is not None:
        return Explanation(True, f"{ready.version}, {ready.reason}: {ready.path}")
    if refused := _refusals(distribution, chosen).last(REMEMBERED):
        return Explanation(None, f"{refused.why} (tried at {refused.when})", refused.hint)
    return Explanation(None, f"{distribution.version} is not here yet ({'; '.join(skipped)})", "`make up` gets it.")


def _ready(program: str, distribution: Distribution, settings: ComponentSettings) -> tuple[Resolved | None, list[str]]:
    """The program if it is on PATH or cached; else None and why it is not."""
    found = find_on_path(distribution.on_path.get(program, program), distribution.version, settings)
    if not isinstance(found, str):
        path, version = found
        lacking = [each for each in distribution.home if not (path.parent.parent / each).exists()]
        if not lacking:
            return Resolved(program, path, "path", version, "on PATH"), []
        found = f"{path} has no {lacking[0]} beside it"
    key = golang.build_key(distribution.module, settings) if distribution.module else ""
    cached = _store(distribution, settings).look(key, distribution.programs)
    if isinstance(cached, Cached):
        return _resolved(program, cached), []
    return None, [found, cached]


def _store(distribution: Distribution, settings: ComponentSettings) -> Store:
    return Store(distribution.name, distribution.version, Platform.here(), settings)


def _refusals(distribution: Distribution, settings: ComponentSettings) -> Refusals:
    site: str = getattr(settings, distribution.release.site) if distribution.release else ""
    plugins = settings.grafana_plugins if distribution.release and distribution.release.plugins else ""
    return Refusals(_store(distribution, settings).refusal, f"{site} {plugins}".strip())


def _resolved(program: str, cached: Cached) -> Resolved:
    record = cached.record
    why = f" ({'; '.join(record.skipped)})" if record.skipped else ""
    if record.origin == "release":
        return Resolved(program, cached.path(program), "release", record.version, f"release {record.source}{why}")
    return Resolved(program, cached.path(program), "built", record.version, f"built from {record.source}{why}")


def _obtain(
    distribution: Distribution,
    store: Store,
    skipped: list[str],
    settings: ComponentSettings,
    report: Report,
    descriptor: int,
) -> Cached:
    # Here, because an HTTP client takes longer to load than all that is done where nothing is missing.
    from obsiverse.components import releases

    try:
        return releases.get(distribution, store, skipped, settings, report)
    except (Unreachable, DownloadFailed) as error:
        no_release = error
    skipped = [*skipped, no_release.message]
    if distribution.module is None:
        raise ToolMissing(
            f"{distribution.name} {distribution.version} can't be had: {'; '.join(skipped)}",
            f"Check the network, or put {distribution.name} {distribution.version} on PATH.",
        ) from no_release
    try:
        return _build(distribution, store, skipped, settings, report, descriptor)
    except (ToolMissing, BuildFailed) as error:
        why = "; ".join([*skipped, error.message])
        raise type(error)(f"{distribution.name} {distribution.version} can't be had: {why}", error.hint) from error


def _build(
    distribution: Distribution,
    store: Store,
    skipped: list[str],
    settings: ComponentSettings,
    report: Report,
    descriptor: int,
) -> Cached:
    if distribution.module is None:
        raise ToolMissing(f"there is no module of {distribution.name} to build from")
    key = golang.build_key(distribution.module, settings)
    # One build at a time: each uses all processors, and two at once would compile what they share twice.
    with hold(settings.components / "go-build.guard", distribution.name, report) as building:
        go = _go(golang.required_go(settings.checkout / distribution.module.folder), settings, report)
        folder = store.begin()
        started = time.monotonic()
        golang.build(distribution, go, folder, settings, report, keep_open=(descriptor, building))
        seconds = time.monotonic() - started
    source = f"{distribution.module.folder} by Go {golang.version_of(go)} in {seconds:.0f} s"
    record = Record(version=distribution.version, origin="built", source=source, skipped=skipped)
    return store.commit(folder, record, {program: program for program in distribution.programs}, key)


def _go(minimum: tuple[int, ...], settings: ComponentSettings, report: Report) -> Path:
    """A Go toolchain: on PATH, cached, the official release, or an older one on PATH that fetches a newer itself."""
    on_path = golang.go_on_path(minimum)
    if isinstance(on_path, Path):
        return on_path
    toolchain = Distribution(name="go", version=GO_VERSION, programs=("go",))
    store = _store(toolchain, settings)
    with hold(store.guard, "go", report):
        cached = store.look("", ("go",))
        if isinstance(cached, Cached):
            return cached.path("go")
        from obsiverse.components import releases

        try:
            return releases.get_go(toolchain, store, settings, report).path("go")
        except (Unreachable, DownloadFailed) as error:
            # Since 1.21, go fetches the toolchain that go.mod asks for through the module proxy.
            older = golang.go_on_path((1, 21))
            if isinstance(older, Path):
                return older
            raise ToolMissing(f"{on_path}; {error.message}", _GO_MISSING) from error
