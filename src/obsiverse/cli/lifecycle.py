"""Commands that change the stack: up, down, restart, wait."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from obsiverse.cli.app import app, workspace
from obsiverse.cli.console import Progress, duration_text, err, out, table
from obsiverse.engine import native
from obsiverse.engine.errors import EngineError

Services = Annotated[list[str] | None, typer.Argument(help="Services of the Compose file; all where none is named.")]


@app.command()
def up(
    services: Services = None,
    engine: Annotated[str, typer.Option(help="auto, docker or native.")] = "auto",
    timeout: Annotated[
        float, typer.Option(help="Seconds until what is not up has failed, downloads not counted.")
    ] = 300,
    scenario: Annotated[bool, typer.Option(help="Run the scenario once everything is healthy.")] = True,
) -> None:
    """Start the stack and wait until it is healthy; safe to run again."""
    _require_native(engine)
    began = time.monotonic()
    place = workspace()
    with place.exclusive("up"), Progress() as progress:
        result = native.up(place, services or [], timeout=timeout, scenario=scenario, report=progress)
    rows = [
        (row.name, "already up" if not row.fresh else f"{row.seconds:.1f}", " ".join(result.urls.get(row.name, ())))
        for row in result.started
    ]
    out.print()
    out.print(table(("service", "seconds to healthy", "url"), rows, right=("seconds to healthy",)))
    out.print(
        f"\nUp in {duration_text(time.monotonic() - began)}. Next: [bold]obsiverse ps[/bold], [bold]obsiverse logs -f[/bold], "
        '[bold]eval "$(obsiverse env)"[/bold]; [bold]make down[/bold] ends it.'
    )


@app.command()
def down(
    volumes: Annotated[bool, typer.Option("--volumes", "-v", help="Delete the stack's data too.")] = False,
) -> None:
    """Stop everything; data stays unless -v. Safe to run again."""
    place = workspace()
    with place.exclusive("down"), Progress() as progress:
        stopped = native.down(place, volumes=volumes, report=progress)
    err.print("Stopped." if stopped else "Nothing was running.")


@app.command()
def restart(services: Services = None) -> None:
    """Restart services, or all, and wait until they are healthy."""
    place = workspace()
    with place.exclusive("restart"), Progress() as progress:
        native.restart(place, services or [], report=progress)


@app.command()
def wait(
    services: Services = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait.")] = 120,
) -> None:
    """Wait until services are healthy."""
    with Progress() as progress:
        native.wait(workspace(), services or [], timeout=timeout, report=progress)


def _require_native(engine: str) -> None:
    if engine == "docker":
        raise EngineError(
            "this version runs the stack natively only; the Docker engine is not part of it yet",
            "Leave out --engine, or use `--engine native`.",
        )
    if engine not in ("auto", "native"):
        raise EngineError(f"there is no engine {engine!r}", "Use auto, docker or native.")
