"""What an engine is: the one seam between the command line and how a stack runs."""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from obsiverse.engine.report import Reporter
from obsiverse.engine.status import Row

Line = tuple[str, float, str]
"""A line of a log: name, Unix seconds, text."""

SCENARIO_SERVICE = "scenario"
SCENARIO_LABEL = "obsiverse.scenario."
DASHBOARDS_SERVICE = "grafana"
"""Where people look first."""

ONESHOT_LABEL = "obsiverse.oneshot"
TEMPLATE_LABEL = "obsiverse.template"
"""On a service that tasks are made like."""

LOG_LINES = 20
"""How many last lines of its log an error about a service shows."""

MEND = "Mend what its log says, then run `make up` again."
LONGER = "Give it longer with `--timeout SECONDS`, or look at its log with `obsiverse logs`."


@dataclass(frozen=True)
class Started:
    """One service that came up.

    Attributes:
        seconds: from the call that started it to healthy (running, where it has no health check; exited, for a one-shot).
        fresh: False where it already ran, unchanged.
    """

    name: str
    seconds: float
    fresh: bool


@dataclass(frozen=True)
class Summary:
    """What `up` brought up.

    Attributes:
        started: one entry a service, in the Compose file's order.
        urls: by service, where it answers.
    """

    started: list[Started]
    urls: dict[str, tuple[str, ...]]


class Engine(Protocol):
    """Runs one workspace's stack. Every call may raise EngineError."""

    name: str

    def up(self, services: Sequence[str], *, timeout: float, scenario: bool, report: Reporter) -> Summary:
        """Bring services up, with what they depend on, and wait until they are healthy.

        Args:
            services: their names; all where empty.
            timeout: seconds until what is not up has failed; getting programs or images is not counted.
            scenario: run the one-shot services too, after the others.

        Raises:
            EngineError: something failed; what this call had started is stopped again.
            Interrupted: Ctrl-C; likewise.
        """
        ...

    def down(self, *, volumes: bool, report: Reporter) -> bool:
        """Stop everything and, with `volumes`, delete its data; False where nothing was running."""
        ...

    def restart(self, services: Sequence[str], *, report: Reporter) -> None:
        """Restart services, all where none is named, and wait until they are healthy."""
        ...

    def wait(self, services: Sequence[str], *, timeout: float, report: Reporter) -> None:
        """Wait until services, all where none is named, are healthy."""
        ...

    def rows(self) -> list[Row]:
        """All services, then all tasks, by name; none where nothing runs."""
        ...

    def logs(self, names: Sequence[str], *, follow: bool, since: float | None, tail: int | None) -> Iterator[Line]:
        """The lines of several logs, of all where none is named, in the order of their times."""
        ...

    def events(self, *, since: float, follow: bool) -> Iterator[dict[str, Any]]:
        """What happened, in the agent's form (docs/design.md)."""
        ...

    def exec(self, name: str, command: Sequence[str]) -> NoReturn:
        """Replace this process by a program beside a service or task."""
        ...

    def scenarios(self) -> list[dict[str, str]]:
        """Name and description of each scenario: the labels `obsiverse.scenario.NAME` of the service `scenario`."""
        ...

    def run_scenario(self, name: str, *, timeout: float, report: Reporter) -> None:
        """Run a scenario on the running stack, to its end."""
        ...


def described(labels: dict[str, str]) -> list[dict[str, str]]:
    """The scenarios that a service's labels describe."""
    return [
        {"name": label.removeprefix(SCENARIO_LABEL), "description": text}
        for label, text in labels.items()
        if label.startswith(SCENARIO_LABEL)
    ]


def merged(
    sources: dict[str, Callable[[], Iterator[Line]]], *, follow: bool, gone: tuple[type[Exception], ...]
) -> Iterator[Line]:
    """The lines of several logs as one: by their times or, with `follow`, as they come.

    Args:
        gone: what a source raises when its program's watcher ends; the source ends then.
    """
    if not follow:
        yield from heapq.merge(*(source() for source in sources.values()), key=lambda line: line[1])
        return
    lines: queue.SimpleQueue[Line | None] = queue.SimpleQueue()

    def pump(source: Callable[[], Iterator[Line]]) -> None:
        try:
            for line in source():
                lines.put(line)
        except gone:
            pass
        finally:
            lines.put(None)

    for source in sources.values():
        threading.Thread(target=pump, args=(source,), daemon=True).start()
    still_open = len(sources)
    while still_open:
        line = lines.get()
        if line is None:
            still_open -= 1
        else:
            yield line
