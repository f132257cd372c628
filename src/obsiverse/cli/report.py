"""The command that makes a report: report."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from obsiverse import components
from obsiverse.cli.app import app, workspace
from obsiverse.cli.console import Progress, out
from obsiverse.engine import choose, native
from obsiverse.engine.base import DASHBOARDS_SERVICE
from obsiverse.engine.errors import EngineError
from obsiverse.engine.report import Reporter
from obsiverse.engine.workspace import PACKAGED_CHECKOUT, Workspace
from obsiverse.targets import Target, load_target

# Draws also what a Grafana shows: it is the project with what drives a browser.
PROJECT = PACKAGED_CHECKOUT / "services" / "lookout"
MODULE = "obsiverse_lookout.report"
STAGE = "report"


@app.command()
def report(
    dashboards: Annotated[
        list[str] | None,
        typer.Argument(
            help="Titles or uids, such as executive or endpoint; all, the executive one first, where none is named."
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", help="Such as now-24h or 2026-11-28T08:00; the first dashboard's own range where left out."
        ),
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Likewise; now where only --from is given.")] = None,
    theme: Annotated[Literal["light", "dark"], typer.Option(help="Light is for paper.")] = "light",
    width: Annotated[int, typer.Option(min=320, max=4000, help="Of the pictures, as the pixels of a window.")] = 1400,
    scale: Annotated[float, typer.Option(min=0.5, max=4, help="Pixels of a picture for each of those.")] = 2.0,
    folder: Annotated[Path, typer.Option("--out", help="Folder of the files.")] = Path("obsiverse-report"),
    variables: Annotated[
        list[str] | None, typer.Option("--var", help="A dashboard's variable, as endpoint=clinical; again for more.")
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            help="Another Grafana's or Lookout's address, which lets anyone look; the stack's where left out."
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds that one dashboard may take.")] = 60,
) -> None:
    """Draw dashboards: each as a PNG, and all in one PDF for people who open none."""
    place = workspace()
    target = load_target("local", {**native.load(place).environment, **os.environ})
    order: dict[str, Any] = {
        "url": url or _running(place, target),
        "out": str(folder.absolute()),
        "dashboards": dashboards or [],
        "start": start,
        "end": end or ("now" if start else None),
        "theme": theme,
        "width": width,
        "scale": scale,
        "variables": parse_variables(variables or []),
        "seconds": timeout,
        "chromium": os.environ.get("LOOKOUT_CHROMIUM"),
        "about": None if url else about(target),
    }
    with Progress() as progress:
        python = components.python_environment(PROJECT, place.venvs, report=_watch(progress))
        made = make(python, order, progress)
    for path in made:
        out.print(escape(str(path)))


def parse_variables(given: list[str]) -> dict[str, list[str]]:
    """`name=value` texts as values by name, in their order; a value may be empty.

    Raises:
        EngineError: one has no name.
    """
    values: dict[str, list[str]] = {}
    for each in given:
        name, equals, value = each.partition("=")
        name = name.strip().removeprefix("var-")
        if not equals or not name:
            raise EngineError(f"--var {each} names no variable", "Write it as --var endpoint=clinical.")
        values.setdefault(name, []).append(value)
    return values


def about(target: Target) -> dict[str, Any]:
    """What a report says of the place that it is about."""
    emulated = target.credentials.source == "emulated"
    return {"target": target.name, "account": target.account, "region": target.region, "emulated": emulated}


def _running(place: Workspace, target: Target) -> str:
    """The address of the stack's dashboards.

    Raises:
        EngineError: the stack does not run, or its dashboards do not.
    """
    rows = {row.name: row for row in choose.present(place).rows()}
    if not rows:
        raise EngineError("nothing is running", "Start it with `make up`, or name a Grafana with --url.")
    row = rows.get(DASHBOARDS_SERVICE)
    if row is None or row.health != "healthy" or target.grafana is None:
        state = "does not run" if row is None else f"is {row.state} and {row.health}"
        raise EngineError(
            f"{DASHBOARDS_SERVICE} {state}", f"See `obsiverse logs {DASHBOARDS_SERVICE}`, or start it with `make up`."
        )
    return target.grafana


def _watch(progress: Reporter) -> components.Report:
    return lambda at: progress.stage(at.name, "getting", f"{at.phase} {at.detail}".strip())


def make(python: Path, order: dict[str, Any], progress: Reporter) -> list[Path]:
    """Have the report made; the files in its order, the PDF last."""
    with subprocess.Popen([python, "-m", MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdin is not None and maker.stdout is not None
        try:
            # One that ended at once says why on its output.
            with suppress(BrokenPipeError):
                maker.stdin.write(json.dumps(order))
                maker.stdin.close()
            made = _files(maker.stdout, progress)
        except BaseException:
            maker.terminate()
            raise
    if not made or made[-1].suffix != ".pdf":
        raise EngineError(f"no report was made: its program ended with {maker.returncode}", "Why stands above.")
    return made


def _files(lines: Iterable[str], progress: Reporter) -> list[Path]:
    made: list[Path] = []
    for told in map(json.loads, lines):
        if "error" in told:
            raise EngineError(told["error"], told["hint"])
        if "doing" in told:
            progress.stage(STAGE, "running", told["doing"])
            continue
        made.append(Path(told.get("file") or told["pdf"]))
        for panel in told.get("failed", ()):
            progress.warn(f"{told['dashboard']}, {panel['title']}: {panel['error']}")
    return made
