"""The agent's client: tasks started, watched and stopped over its unix socket.

The calls, specs and statuses are those of docs/design.md, "The agent's API". Times are Unix seconds, durations seconds.
Every call raises AgentError where the agent refuses and AgentUnreachable where it does not answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any

from obsiverse_client.connection import Connector, quoted

JsonObject = dict[str, Any]
QUICK_SECONDS = 30.0
# A call that stops a task takes as long as the task's grace.
STOP_SECONDS = 900.0
WAIT_SLACK = 10.0


class AgentClient:
    """A client of one agent. Threads may share it."""

    def __init__(self, address: str | Connector, *, patience: float = 5.0) -> None:
        """
        Args:
            address: `unix:///path/to/agent.sock`, as in `OBSIVERSE_AGENT`; or what sends requests there some other way.
            patience: seconds that a call waits for an agent which was killed and is being started again.

        Raises:
            ValueError: the address is no unix socket's.
        """
        self._connector = Connector(address, patience) if isinstance(address, str) else address

    @property
    def address(self) -> str:
        """The agent's address."""
        return self._connector.address

    def health(self) -> JsonObject:
        """The agent's version, pid, start and number of tasks; unreachable at once where it does not run."""
        return self._connector.json("GET", "/health", timeout=QUICK_SECONDS, patient=False)

    def put_template(self, name: str, spec: Mapping[str, Any]) -> JsonObject:
        """Keep a spec under a name; returns it with its defaults."""
        return self._connector.json("PUT", f"/templates/{quoted(name)}", dict(spec), timeout=QUICK_SECONDS)

    def templates(self) -> dict[str, JsonObject]:
        """All templates by name."""
        return self._connector.json("GET", "/templates", timeout=QUICK_SECONDS)

    def put_task(self, task: str, spec: Mapping[str, Any]) -> JsonObject:
        """Start a task, restart it where its spec changed, else leave it as it is; returns its status.

        Args:
            spec: a spec, or `template` with the fields that may stand beside it.
        """
        return self._connector.json("PUT", _path(task), dict(spec), timeout=STOP_SECONDS)

    def task(self, task: str) -> JsonObject:
        """A task's status."""
        return self._connector.json("GET", _path(task), timeout=QUICK_SECONDS)

    def tasks(self, labels: Mapping[str, str] | None = None) -> list[JsonObject]:
        """The statuses of the tasks with all these labels."""
        query = {"label": [f"{key}={value}" for key, value in (labels or {}).items()]}
        return self._connector.json("GET", "/tasks", query=query, timeout=QUICK_SECONDS)

    def start(self, task: str) -> JsonObject:
        """Start a task that ended."""
        return self._connector.json("POST", _path(task, "start"), {}, timeout=STOP_SECONDS)

    def restart(self, task: str) -> JsonObject:
        """Stop and start a task."""
        return self._connector.json("POST", _path(task, "restart"), {}, timeout=STOP_SECONDS)

    def stop(self, task: str, grace: float | None = None) -> JsonObject:
        """Stop a task; it stays listed.

        Args:
            grace: seconds until it is killed; the spec's where not given.
        """
        body = {} if grace is None else {"grace": grace}
        return self._connector.json("POST", _path(task, "stop"), body, timeout=STOP_SECONDS + (grace or 0.0))

    def delete(self, task: str) -> None:
        """Stop a task and forget it and its folder; also where it is already gone."""
        self._connector.json("DELETE", _path(task), timeout=STOP_SECONDS)

    def signal(self, task: str, signal: str) -> JsonObject:
        """Send a signal, by its name such as `SIGHUP`, to a task's program."""
        return self._connector.json("POST", _path(task, "signal"), {"signal": signal}, timeout=QUICK_SECONDS)

    def wait(self, task: str, condition: str = "healthy", timeout: float = 60.0) -> JsonObject:
        """Wait until a task is `healthy`, `running` or `exited`; returns its status.

        `healthy` and `running` also return for one that has ended: look at the status.

        Raises:
            AgentError: with status 408, where it is not within `timeout` seconds.
        """
        body = {"for": condition, "timeout": timeout}
        return self._connector.json("POST", _path(task, "wait"), body, timeout=timeout + WAIT_SLACK)

    def put_archive(self, task: str, path: str, tar: bytes | IO[bytes]) -> None:
        """Unpack a tar under a path of a task, which need not exist yet."""
        response = self._connector.open(
            "PUT", _path(task, "archive"), query={"path": path}, body=tar, timeout=STOP_SECONDS
        )
        with self._connector.reading(response):
            response.read()

    def get_archive(self, task: str, path: str) -> IO[bytes]:
        """A tar of what is at a path of a task, to be read and closed (`with`). A folder's names are relative to it."""
        return self._connector.open("GET", _path(task, "archive"), query={"path": path}, timeout=STOP_SECONDS)  # type: ignore[return-value]

    def logs(
        self, task: str, *, tail: int | None = None, since: float | None = None, follow: bool = False
    ) -> Iterator[tuple[float, str]]:
        """A task's output as (time, line).

        Args:
            tail: only the last so many lines.
            since: only what came at this time or later, to about a second.
            follow: go on until the task has ended.
        """
        query = {"tail": tail, "since": since, "follow": 1 if follow else None}
        lines = self._connector.lines(_path(task, "logs"), query, timeout=None if follow else QUICK_SECONDS)
        return ((float(entry["t"]), str(entry["line"])) for entry in lines)

    def services(self) -> list[str]:
        """Names of the platform's own services."""
        return self._connector.json("GET", "/services", timeout=QUICK_SECONDS)

    def service_logs(self, service: str, *, since: float | None = None) -> Iterator[tuple[float, str]]:
        """A service's output as (time, line), from `since` (Unix seconds, to about a second) until it ends."""
        path = f"/services/{quoted(service)}/logs"
        lines = self._connector.lines(path, {"since": since, "follow": 1}, timeout=None)
        return ((float(entry["t"]), str(entry["line"])) for entry in lines)

    def events(
        self, *, since: float | None = None, follow: bool = False, task: str | None = None
    ) -> Iterator[JsonObject]:
        """What happened to tasks.

        Args:
            since: only at this time or later; without it all that is kept or, with `follow`, only what comes.
            follow: go on until the agent ends.
            task: only this one's.
        """
        query = {"since": since, "follow": 1 if follow else None, "task": task}
        return self._connector.lines("/events", query, timeout=None if follow else QUICK_SECONDS)

    def stats(self, task: str) -> JsonObject:
        """A task's `cpu_percent` of one core, `rss_bytes` and number of `processes`."""
        return self._connector.json("GET", _path(task, "stats"), timeout=QUICK_SECONDS)

    def all_stats(self) -> dict[str, JsonObject]:
        """The stats of all running tasks by id."""
        return self._connector.json("GET", "/stats", timeout=QUICK_SECONDS)

    def shutdown(self, *, stop_tasks: bool = True) -> None:
        """End the agent, and before it all tasks unless told not to."""
        self._connector.json("POST", "/shutdown", {"stop_tasks": stop_tasks}, timeout=STOP_SECONDS)


def _path(task: str, verb: str | None = None) -> str:
    return f"/tasks/{quoted(task)}" + (f"/{verb}" if verb else "")
