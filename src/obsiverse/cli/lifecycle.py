"""Commands that change the stack: up, down, restart, wait."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from obsiverse.cli.app import app, workspace
from obsiverse.cli.console import Progress, duration_text, err, out, table
from obsiverse.engine import choose
from obsiverse.engine.base import DASHBOARDS_SERVICE

Services = Annotated[list[str] | None, typer.Argument(help="Services of the Compose file; all where none is named.")]


@app.command()
def up(
    services: Services = None,
    engine: Annotated[
        str | None,
        typer.Option(help="auto, docker or native; auto takes Docker where an engine answers.", envvar=choose.VARIABLE),
    ] = None,
    timeout: Annotated[
        float, typer.Option(help="Seconds until what is not up has failed, downloads not counted.")
    ] = 300,
    scenario: Annotated[bool, typer.Option(help="Run the scenario once everything is healthy.")] = True,
    build: Annotated[
        bool, typer.Option("--build", help="In Docker: build images again, as after a change of sources.")
    ] = False,
    gpu: Annotated[
        bool | None, typer.Option(help="In Docker: NVIDIA GPUs for models; by itself where the engine has them.")
    ] = None,
) -> None:
    """Start the stack and wait until it is healthy; safe to run again."""
    began = time.monotonic()
    place = workspace()
    with place.exclusive("up"), Progress() as progress:
        chosen, why = choose.for_up(place, engine, gpu=gpu, build=build)
        if why:
            err.print(f"  {why}")
        result = chosen.up(services or [], timeout=timeout, scenario=scenario, report=progress)
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
    for url in result.urls.get(DASHBOARDS_SERVICE, ()):
        out.print(f"Dashboards: [bold]{url}[/bold]")


@app.command()
def down(
    volumes: Annotated[bool, typer.Option("--volumes", "-v", help="Delete the stack's data too.")] = False,
) -> None:
    """Stop everything; data stays unless -v. Safe to run again."""
    place = workspace()
    with place.exclusive("down"), Progress() as progress:
        stopped = choose.present(place).down(volumes=volumes, report=progress)
    err.print("Stopped." if stopped else "Nothing was running.")


@app.command()
def restart(services: Services = None) -> None:
    """Restart services, or all, and wait until they are healthy."""
    place = workspace()
    with place.exclusive("restart"), Progress() as progress:
        choose.present(place).restart(services or [], report=progress)


@app.command()
def wait(
    services: Services = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait.")] = 120,
) -> None:
    """Wait until services are healthy."""
    with Progress() as progress:
        choose.present(workspace()).wait(services or [], timeout=timeout, report=progress)
