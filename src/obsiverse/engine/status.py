"""What runs, as one row each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from obsiverse_client import AgentClient


@dataclass(frozen=True)
class Row:
    """One service or task.

    Attributes:
        kind: `service` (of the Compose file) or `task` (started by the emulated AWS).
        state: created, running, restarting, stopped or exited.
        health: none, starting, healthy or unhealthy.
        container: the container's id in Docker, None natively.
        ports: those on this machine.
        cpu_percent: of one core; None where it does not run.
        restarts: how often the agent restarted it.
    """

    name: str
    kind: str
    state: str
    health: str
    pid: int | None
    container: str | None
    ports: tuple[int, ...]
    cpu_percent: float | None
    rss_bytes: int | None
    uptime_seconds: float | None
    restarts: int
    exit_code: int | None

    def as_json(self) -> dict[str, Any]:
        """The row as `ps --json` prints it."""
        value = asdict(self)
        del value["exit_code"]
        value["ports"] = list(self.ports)
        return value


def rows(agent: AgentClient) -> list[Row]:
    """All services, then all tasks, by name."""
    usage = agent.all_stats()
    now = time.time()
    found = [_row(task, usage.get(task["id"], {}), now) for task in agent.tasks()]
    return sorted(found, key=lambda row: (row.kind != "service", row.name))


def _row(task: dict[str, Any], usage: dict[str, Any], now: float) -> Row:
    running = task["state"] == "running"
    return Row(
        name=task["id"],
        kind=task["spec"]["labels"].get("obsiverse.kind", "task"),
        state=task["state"],
        health=task["health"],
        pid=task["pid"] if running else None,
        container=(task["container"] or "")[:12] or None,
        ports=tuple(port["host"] for port in task["ports"] if not task["container"]),
        cpu_percent=usage.get("cpu_percent") if running else None,
        rss_bytes=usage.get("rss_bytes") if running else None,
        uptime_seconds=now - task["started_at"] if running and task["started_at"] else None,
        restarts=task["restarts"],
        exit_code=task["exit_code"],
    )


def task_lines(
    agent: AgentClient, name: str, *, follow: bool, since: float | None, tail: int | None
) -> Iterator[tuple[str, float, str]]:
    """A task's log."""
    return ((name, at, line) for at, line in agent.logs(name, follow=follow, since=since, tail=tail))
