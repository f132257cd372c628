"""What happened to services, from Docker, and to tasks, from the agent, as one list."""

from __future__ import annotations

import heapq
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from obsiverse_client import AgentClient, AgentUnreachable

from obsiverse.engine.docker.address import answering
from obsiverse.engine.docker.containers import PROJECT_LABEL, SERVICE_LABEL
from obsiverse.engine.errors import EngineError

TYPES = {
    "create": "created",
    "start": "started",
    "die": "exited",
    "destroy": "removed",
    "restart": "restarting",
    "health_status: healthy": "healthy",
    "health_status: unhealthy": "unhealthy",
}


def merged(
    client: Any, agent: AgentClient | None, project: str, *, since: float, follow: bool
) -> Iterator[dict[str, Any]]:
    """Events of services and tasks in the agent's form (docs/design.md), by their times or, with `follow`, as they come.

    Args:
        since: Unix seconds. Docker itself remembers only its last 256.
    """
    filters = {"label": f"{PROJECT_LABEL}={project}", "type": "container"}

    def services() -> Iterator[dict[str, Any]]:
        until = None if follow else time.time()
        with answering():
            for one in client.api.events(since=since or 0, until=until, filters=filters, decode=True):
                if (found := event(one)) is not None:
                    yield found

    sources: list[Callable[[], Iterator[dict[str, Any]]]] = [services]
    if agent is not None:
        sources.append(lambda: agent.events(since=since, follow=follow))
    if follow:
        yield from _as_they_come(sources)
    else:
        yield from heapq.merge(*(source() for source in sources), key=lambda one: one["time"])


def event(one: Mapping[str, Any]) -> dict[str, Any] | None:
    """Docker's event in the agent's form; None where the agent has no such type."""
    kind = TYPES.get(one.get("Action", ""))
    if kind is None:
        return None
    attributes: Mapping[str, str] = one["Actor"]["Attributes"]
    code = int(attributes["exitCode"]) if "exitCode" in attributes else None
    return {
        "time": one["timeNano"] / 1e9,
        "task": attributes.get(SERVICE_LABEL, attributes.get("name", "")),
        "type": kind,
        "exit_code": code,
        "signal": None,
        "message": "",
        "labels": {name: value for name, value in attributes.items() if name.startswith("obsiverse.")},
    }


def _as_they_come(sources: list[Callable[[], Iterator[dict[str, Any]]]]) -> Iterator[dict[str, Any]]:
    found: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def pump(source: Callable[[], Iterator[dict[str, Any]]]) -> None:
        try:
            for one in source():
                found.put(one)
        except (AgentUnreachable, EngineError):
            pass  # it has ended
        finally:
            found.put(None)

    for source in sources:
        threading.Thread(target=pump, args=(source,), daemon=True).start()
    still_open = len(sources)
    while still_open:
        one = found.get()
        if one is None:
            still_open -= 1
        else:
            yield one
