"""Getting what units run: programs, Python environments and web pages, at once, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

from obsiverse import components
from obsiverse.engine.report import Reporter
from obsiverse.engine.units import Unit, local_program
from obsiverse.engine.workspace import Workspace

# Go builds use every core by themselves; environments and downloads mostly wait for the network.
PARALLEL_BUILDS = 1
PARALLEL_OTHERS = 3

_MISSING = (components.Unreachable, components.DownloadFailed, components.ToolMissing, components.BuildFailed)
"""What is passed over where something else can run instead. A wrong checksum is not, nor a full disk."""


@dataclass(frozen=True)
class Need:
    """Something that must be got before a unit can start.

    Attributes:
        what: the program's name, or the folder of the project or the page.
    """

    kind: Literal["program", "project", "page"]
    what: str | Path

    @property
    def name(self) -> str:
        """What to call it where its progress is shown."""
        if isinstance(self.what, str):
            return self.what
        return components.page_name(self.what) if self.kind == "page" else self.what.name


def prepare(units: Sequence[Unit], workspace: Workspace, report: Reporter) -> dict[str, Unit]:
    """Get what every unit runs.

    Returns:
        The units by name, each with the real paths of what it runs; where a program can't be had, the one that runs otherwise.

    Raises:
        ComponentError: a program, an environment or a page could not be had, and there is nothing else to run.
        EngineError: a program that must be on PATH is not.
    """
    chosen = {unit.name: _local(unit) for unit in units}
    with _Getting(workspace, report) as getting:
        getting.start(chosen.values())
        for need, error in getting.ended():
            if error is None:
                continue
            stuck = [unit for unit in chosen.values() if need in needs(unit)]
            instead = [unit.otherwise for unit in stuck if unit.otherwise is not None]
            if len(instead) < len(stuck) or not isinstance(error, _MISSING):
                raise error
            for unit in instead:
                chosen[unit.name] = _local(unit)
                report.warn(f"{unit.name}: {runs(unit)} runs instead, as {error.message}")
            getting.start(chosen.values())
        return {name: getting.filled(unit) for name, unit in chosen.items()}


def needs(unit: Unit) -> list[Need]:
    """All that a unit needs."""
    found = [Need("program", name) for name in unit.programs.values()]
    found += [Need("page", folder) for folder in unit.pages.values()]
    if unit.component:
        found.append(Need("program", unit.component))
    if unit.project:
        found.append(Need("project", unit.project))
    return found


def _local(unit: Unit) -> Unit:
    return unit if unit.component or unit.project else unit.with_program(local_program(unit))


def runs(unit: Unit) -> str:
    """What a unit runs, in a word."""
    return unit.component or (unit.project.name if unit.project else str(unit.spec["command"][0]))


class _Getting:
    """Gets needs in threads, each once; where one fails that nobody does without, all of it ends."""

    def __init__(self, workspace: Workspace, report: Reporter) -> None:
        self._workspace = workspace
        self._report = report
        self._builds = ThreadPoolExecutor(PARALLEL_BUILDS)
        self._others = ThreadPoolExecutor(PARALLEL_OTHERS)
        self._futures: dict[Need, Future[Path]] = {}

    def __enter__(self) -> _Getting:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            components.interrupt()
            for future in self._futures.values():
                future.cancel()
        self._builds.shutdown()
        self._others.shutdown()

    def start(self, units: Iterable[Unit]) -> None:
        """Begin with what the units need and nobody has begun with."""
        units = list(units)
        wanted = {need for unit in units for need in needs(unit)}
        for need in sorted(wanted - self._futures.keys(), key=lambda each: (each.kind, str(each.what))):
            patient = any(unit.otherwise is None for unit in units if need in needs(unit))
            # What has something else in its place is downloaded, never built: it need not wait for builds.
            pool = self._builds if need.kind == "program" and patient else self._others
            self._futures[need] = pool.submit(self._job(need, patient))

    def ended(self) -> Iterable[tuple[Need, BaseException | None]]:
        """Each need once it was got, or with why it was not; also of those that begin meanwhile."""
        told: set[Need] = set()
        while left := {future: need for need, future in self._futures.items() if need not in told}:
            for future in wait(left, return_when=FIRST_COMPLETED).done:
                need, error = left[future], future.exception()
                told.add(need)
                if error is None:
                    self._report.stage(need.name, "ready")
                yield need, error

    def filled(self, unit: Unit) -> Unit:
        """A unit with the paths of what was got for it."""
        main = Need("program", unit.component) if unit.component else unit.project and Need("project", unit.project)
        if main:
            unit = unit.with_program(self._path(main))
        unit = unit.with_programs({name: self._path(Need("program", name)) for name in unit.programs.values()})
        return unit.with_pages({folder: self._path(Need("page", folder)) for folder in unit.pages.values()})

    def _path(self, need: Need) -> str:
        return str(self._futures[need].result())

    def _job(self, need: Need, patient: bool) -> Callable[[], Path]:
        def get() -> Path:
            if isinstance(need.what, str):
                remembered = 0.0 if patient else components.REMEMBERED
                return components.get(need.what, report=self._watch, remembered=remembered).path
            if need.kind == "page":
                return components.web_page(need.what, report=self._watch)
            return components.python_environment(need.what, self._workspace.venvs, report=self._watch)

        return get

    def _watch(self, progress: components.Progress) -> None:
        share = f" {progress.fraction:.0%}" if progress.fraction is not None else ""
        self._report.stage(progress.name, "getting", f"{progress.phase}{share} {progress.detail}".strip())
