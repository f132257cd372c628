"""How the CLI prints: tables, progress and errors."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

WIDTH_OF_FILES = 160
"""Columns where the output goes to a file or a pipe, which have none of their own."""

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)
if not out.is_terminal and "COLUMNS" not in os.environ:
    out = Console(highlight=False, soft_wrap=True, width=WIDTH_OF_FILES)

STAGE_STYLES = {
    "healthy": "green",
    "running": "green",
    "ready": "green",
    "done": "green",
    "stopped": "green",
    "failed": "bold red",
    "waiting": "dim",
}
FINAL_STAGES = frozenset({"healthy", "running", "ready", "done", "stopped", "failed"})


def print_json(value: object, *, line: bool = False) -> None:
    """Print a value as JSON on stdout, for programs; with `line` on one line, for streams."""
    sys.stdout.write(json.dumps(value, indent=None if line else 2) + "\n")
    if line:
        sys.stdout.flush()


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> Table:
    """A plain table; the columns named in `right` are aligned right."""
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    for column in columns:
        grid.add_column(column, justify="right" if column in right else "left", no_wrap=column in columns[:1])
    for row in rows:
        grid.add_row(*row)
    return grid


def bytes_text(count: int | None) -> str:
    """Bytes for people, in MB of 10^6."""
    if count is None:
        return "–"
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.2f} GB"


def duration_text(seconds: float | None) -> str:
    """A duration for people."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def state_text(status: Mapping[str, Any]) -> str:
    """State and health as one coloured word."""
    state, health = str(status["state"]), str(status["health"])
    if state == "running" and health != "none":
        style = {"healthy": "green", "unhealthy": "red"}.get(health, "yellow")
        return f"[{style}]{health}[/{style}]"
    style = {"running": "green", "restarting": "yellow"}.get(state, "dim")
    code = status.get("exit_code")
    return f"[{style}]{state}{f' ({code})' if state == 'exited' and code is not None else ''}[/{style}]"


class Progress:
    """Shows what the engine reports: a live list on a terminal, a line per change elsewhere.

    Usable as `obsiverse.engine.report.Reporter`; a context manager.
    """

    def __init__(self) -> None:
        self._live = Live(console=err, refresh_per_second=8, transient=True) if err.is_terminal else None
        self._stages: dict[str, tuple[str, str, float]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def stage(self, service: str, stage: str, detail: str = "") -> None:
        """See Reporter.stage."""
        now = time.monotonic()
        with self._lock:
            before = self._stages.get(service)
            began = before[2] if before and before[0] == stage else now
            self._stages[service] = (stage, detail, began)
            if self._live:
                self._live.update(self._render())
            elif before is None or before[0] != stage:
                after = (
                    f" after {now - before[2]:.1f} s"
                    if before and before[0] != "waiting" and stage in FINAL_STAGES
                    else ""
                )
                err.print(f"  {service}: {stage}{after}{f' ({escape(detail)})' if detail else ''}")

    def line(self, service: str, line: str) -> None:
        """See Reporter.line."""
        err.print(f"  [cyan]{service}[/cyan] │ {escape(line)}")

    def warn(self, message: str) -> None:
        """See Reporter.warn."""
        err.print(f"  [yellow]warning:[/yellow] {escape(message)}")

    def _render(self) -> RenderableType:
        rows: list[RenderableType] = []
        now = time.monotonic()
        for service, (stage, detail, began) in self._stages.items():
            if stage in ("healthy", "ready", "done", "stopped", "running"):
                continue
            text = Text.assemble(
                (f"{service:<18}", "bold"),
                (stage, STAGE_STYLES.get(stage, "cyan")),
                (f"  {now - began:4.0f} s", "dim"),
                (f"  {detail}" if detail else "", "dim"),
            )
            text.truncate(max(20, err.width - 4), overflow="ellipsis")
            rows.append(text if stage in ("waiting", "failed") else Spinner("dots", text))
        finished = [
            name for name, (stage, _, _) in self._stages.items() if stage in ("healthy", "ready", "done", "stopped")
        ]
        if finished:
            rows.append(Text(f"✓ {', '.join(finished)}", style="green"))
        return Group(*rows)
