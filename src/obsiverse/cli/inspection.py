"""Commands that look at the stack: ps, logs, top, events."""

from __future__ import annotations

import datetime
import re
import time
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from obsiverse.cli.app import Json, app, workspace
from obsiverse.cli.console import bytes_text, duration_text, out, print_json, state_text, table
from obsiverse.engine import choose
from obsiverse.engine.errors import EngineError
from obsiverse.engine.status import Row

Name = Annotated[list[str] | None, typer.Argument(help="Services or tasks; all where none is named.")]


@app.command()
def ps(json: Json = False) -> None:
    """List services and the tasks that the emulated AWS started."""
    found = choose.present(workspace()).rows()
    if json:
        print_json([row.as_json() for row in found])
    elif not found:
        out.print("Nothing is running. Start it with [bold]make up[/bold].")
    else:
        out.print(_ps_table(found))


@app.command()
def top(
    json: Json = False,
    once: Annotated[bool, typer.Option("--once", help="Print one reading and end.")] = False,
    interval: Annotated[float, typer.Option(help="Seconds between readings.")] = 2.0,
) -> None:
    """Watch CPU and memory of services and tasks."""
    engine = choose.present(workspace())
    # CPU is measured between two readings, so the first has none.
    if not engine.rows():
        raise EngineError("nothing is running", "Start it with `make up`.")
    if json or once or not out.is_terminal:
        time.sleep(min(interval, 1.0))
        found = engine.rows()
        if json:
            print_json([row.as_json() for row in found])
        else:
            out.print(_top_table(found))
        return
    with Live(console=out, auto_refresh=False, screen=True) as live:
        while True:
            time.sleep(interval)
            live.update(_top_table(engine.rows()), refresh=True)


@app.command()
def logs(
    names: Name = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines.")] = False,
    since: Annotated[str | None, typer.Option(help="A duration such as 10m or 1h30m, or an ISO time.")] = None,
    tail: Annotated[int | None, typer.Option(help="Only the last lines of each.")] = None,
    json: Json = False,
) -> None:
    """Print what services and tasks wrote."""
    engine = choose.present(workspace())
    started = parse_since(since, time.time()) if since else None
    merged = engine.logs(names or [], follow=follow, since=started, tail=tail)
    width = max(map(len, names or [""]))
    if json and not follow:
        print_json([{"name": name, "time": at, "line": line} for name, at, line in merged])
        return
    for name, at, line in merged:
        if json:
            print_json({"name": name, "time": at, "line": line}, line=True)
        else:
            width = max(width, len(name))
            out.print(f"[cyan]{name:<{width}}[/cyan] [dim]{_clock(at)}[/dim] {escape(line)}")


@app.command()
def events(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new events.")] = False,
    since: Annotated[str | None, typer.Option(help="A duration such as 10m, or an ISO time.")] = None,
    json: Json = False,
) -> None:
    """List what happened to services and tasks."""
    started = parse_since(since, time.time()) if since else 0.0
    found = choose.present(workspace()).events(since=started, follow=follow)
    if json and not follow:
        print_json(list(found))
        return
    for event in found:
        if json:
            print_json(event, line=True)
        else:
            out.print(f"[dim]{_clock(event['time'])}[/dim] [cyan]{event['task']}[/cyan] {event['type']}{_why(event)}")


_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def parse_since(text: str, now: float) -> float:
    """Unix seconds of a duration before `now`, or of an ISO 8601 time.

    Raises:
        EngineError: it is neither.
    """
    if text and _PART.sub("", text) == "":
        return now - sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise EngineError(
            f"--since {text!r} is no time", "Use a duration such as 10m, or a time such as 2026-01-31T12:00."
        ) from None


def _clock(at: float) -> str:
    return datetime.datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")


def _why(event: dict[str, Any]) -> str:
    parts = [
        f"code {event['exit_code']}" if event.get("exit_code") is not None else "",
        event.get("signal") or "",
        event.get("message") or "",
    ]
    text = ", ".join(part for part in parts if part)
    return escape(f" ({text})") if text else ""


NARROW = 120
LEFT_OUT_WHERE_NARROW = frozenset({"kind", "pid", "up", "restarts"})


def _ps_table(found: list[Row]) -> Table:
    columns = {
        "name": [row.name for row in found],
        "kind": [row.kind for row in found],
        "state": [state_text({"state": row.state, "health": row.health, "exit_code": row.exit_code}) for row in found],
        "pid": [str(row.pid or "–") for row in found],
        "ports": [" ".join(str(port) for port in row.ports) for row in found],
        "cpu": [f"{row.cpu_percent:.1f} %" if row.cpu_percent is not None else "–" for row in found],
        "memory": [bytes_text(row.rss_bytes) for row in found],
        "up": [duration_text(row.uptime_seconds) for row in found],
        "restarts": [str(row.restarts) for row in found],
    }
    shown = [name for name in columns if out.width >= NARROW or name not in LEFT_OUT_WHERE_NARROW]
    rows = list(zip(*(columns[name] for name in shown), strict=True))
    return table(shown, rows, right=("pid", "cpu", "memory", "up", "restarts"))


def _top_table(found: list[Row]) -> Table:
    running = sorted((row for row in found if row.state == "running"), key=lambda row: -(row.rss_bytes or 0))
    total = (
        "all",
        "",
        f"{sum(row.cpu_percent or 0 for row in running):.1f} %",
        bytes_text(sum(row.rss_bytes or 0 for row in running)),
    )
    return table(
        ("name", "state", "cpu", "memory"),
        [
            (
                row.name,
                state_text({"state": row.state, "health": row.health}),
                f"{row.cpu_percent or 0:.1f} %",
                bytes_text(row.rss_bytes),
            )
            for row in running
        ]
        + [total],
        right=("cpu", "memory"),
    )
