"""Getting what units run: Go programs and Python environments, at once, with progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from obsiverse import components
from obsiverse.engine.report import Reporter
from obsiverse.engine.units import Unit, local_program
from obsiverse.engine.workspace import Workspace

# Go builds use every core by themselves; environments mostly wait for the network.
PARALLEL_BUILDS = 1
PARALLEL_ENVIRONMENTS = 3


def prepare(units: Sequence[Unit], workspace: Workspace, report: Reporter) -> dict[str, Unit]:
    """Get the program of every unit.

    Returns:
        The units by name, each with the real path of its program.

    Raises:
        ComponentError: a program or an environment could not be had.
        EngineError: a program that must be on PATH is not.
    """

    def watch(progress: components.Progress) -> None:
        share = f" {progress.fraction:.0%}" if progress.fraction is not None else ""
        report.stage(progress.name, "getting", f"{progress.phase}{share} {progress.detail}".strip())

    ready = {
        unit.name: unit.with_program(local_program(unit)) for unit in units if not unit.component and not unit.project
    }
    programs = {unit.component for unit in units if unit.component}
    programs |= {name for unit in units for name in unit.programs.values()}
    projects = {unit.project for unit in units if unit.project}
    paths: dict[str | Path, Path] = {}
    jobs: list[tuple[str | Path, Callable[[], Path]]] = [
        *((name, partial(_program, name, watch)) for name in sorted(programs)),
        *(
            (project, partial(components.python_environment, project, workspace.venvs, report=watch))
            for project in sorted(projects)
        ),
    ]
    with ThreadPoolExecutor(PARALLEL_BUILDS) as builds, ThreadPoolExecutor(PARALLEL_ENVIRONMENTS) as environments:
        futures = {(builds if isinstance(what, str) else environments).submit(job): what for what, job in jobs}
        try:
            for future in as_completed(futures):
                what = futures[future]
                paths[what] = future.result()
                report.stage(what if isinstance(what, str) else what.name, "ready")
        except BaseException:
            components.interrupt()
            for future in futures:
                future.cancel()
            raise
    for unit in units:
        what = unit.component or unit.project
        if what:
            ready[unit.name] = unit.with_program(str(paths[what]))
    got = {what: str(path) for what, path in paths.items() if isinstance(what, str)}
    return {name: unit.with_programs(got) for name, unit in ready.items()}


def _program(name: str, watch: Callable[[components.Progress], None]) -> Path:
    return components.get(name, report=watch).path
