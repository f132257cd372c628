"""`python -m obsiverse.components`: programs for Makefiles and CI, without a stack."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from obsiverse.components import PROGRAMS, ComponentError, Progress, explain, get, web_page

app = typer.Typer(help="Get the programs that obsiverse runs.", no_args_is_help=True, pretty_exceptions_enable=False)

_PROGRESS_INTERVAL = 5.0


@app.command("get")
def get_programs(names: Annotated[list[str], typer.Argument(help="Programs, or `all`.")]) -> None:
    """Get programs and print their paths, one a line."""
    watch = _Watch()
    for name in list(PROGRAMS) if names == ["all"] else names:
        resolved = get(name, report=watch)
        typer.echo(f"{name}: {resolved.reason}", err=True)
        typer.echo(resolved.path)


@app.command("page")
def build_page(folder: Annotated[Path, typer.Argument(help="A web page's sources, with package-lock.json.")]) -> None:
    """Build a web page, unless it is built already, and print the folder it is in."""
    typer.echo(web_page(folder, report=_Watch()))


@app.command("list")
def list_programs(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False) -> None:
    """List the programs, and where each comes from."""
    explained = {name: explain(name) for name in PROGRAMS}
    if as_json:
        rows = [{"name": n, "version": PROGRAMS[n].version, "ok": e.ok, "text": e.text} for n, e in explained.items()]
        typer.echo(json.dumps(rows, indent=2))
        return
    for name, each in explained.items():
        typer.echo(f"{name:15} {each.text}")


class _Watch:
    """Prints progress on stderr, but not each of a hundred lines a second."""

    def __init__(self) -> None:
        self._next = 0.0
        self._phase = ("", "")

    def __call__(self, progress: Progress) -> None:
        now, phase = time.monotonic(), (progress.name, progress.phase)
        if phase == self._phase and now < self._next:
            return
        self._phase, self._next = phase, now + _PROGRESS_INTERVAL
        typer.echo(f"{progress.name}: {progress.phase} {progress.detail}".rstrip(), err=True)


def main() -> None:
    """Run the command; an error ends it with a message and status 1."""
    try:
        app()
    except ComponentError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
