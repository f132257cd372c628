"""The agent's client: tasks started, watched and stopped over its unix socket.

The API is in docs/design.md, "The agent's API". A client may be shared by threads: each call has a connection of its own.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import time
from collections.abc import Iterator, Mapping
from typing import IO, Any
from urllib.parse import quote, urlencode

JsonObject = dict[str, Any]
RETRY_SECONDS = 0.05


class AgentError(Exception):
    """The agent refused a call.

    Attributes:
        status: the HTTP status.
        code: such as `not_found` or `invalid_spec`.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class AgentUnreachable(Exception):
    """No agent answers at an address."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"no agent answers at {address} ({reason}). Start the stack with `make up`.")
        self.address = address


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class AgentClient:
    """Calls of the agent's API. Each raises AgentError where the agent refuses it and AgentUnreachable where none answers.

    Args:
        address: `unix:///path/agent.sock`.
        timeout: seconds that a call may take beyond what it was asked to wait.
        patience: seconds to wait for an agent that was killed and is being started again: its socket is there, but nobody listens.
    """

    def __init__(self, address: str, timeout: float = 60.0, patience: float = 8.0) -> None:
        if not address.startswith("unix:///"):
            raise ValueError(f"an agent's address is unix:///path, not {address!r}")
        self.address = address
        self._timeout = timeout
        self._patience = patience

    def health(self) -> JsonObject:
        """`version`, `pid`, `started_at` and the number of `tasks`."""
        return self._json("GET", "/health")

    def put_template(self, name: str, spec: Mapping[str, Any]) -> JsonObject:
        """Keep a template."""
        return self._json("PUT", f"/templates/{quote(name)}", spec)

    def templates(self) -> JsonObject:
        """All templates by name."""
        return self._json("GET", "/templates")

    def put_task(self, name: str, spec: Mapping[str, Any]) -> JsonObject:
        """Make sure that a task runs as told; its status. Nothing happens where it is there already, unchanged."""
        return self._json("PUT", f"/tasks/{quote(name)}", spec)

    def task(self, name: str) -> JsonObject:
        """The status of a task."""
        return self._json("GET", f"/tasks/{quote(name)}")

    def tasks(self, labels: Mapping[str, str] | None = None) -> list[JsonObject]:
        """The statuses of all tasks that have the labels."""
        query = urlencode([("label", f"{name}={value}") for name, value in (labels or {}).items()])
        return self._json("GET", f"/tasks?{query}")

    def start(self, name: str) -> JsonObject:
        """Start a task that ended."""
        return self._json("POST", f"/tasks/{quote(name)}/start")

    def restart(self, name: str) -> JsonObject:
        """Stop a task and start it again."""
        return self._json("POST", f"/tasks/{quote(name)}/restart")

    def stop(self, name: str, grace: float | None = None) -> JsonObject:
        """Stop a task; it stays listed. `grace`: seconds before SIGKILL, the spec's where None."""
        return self._json("POST", f"/tasks/{quote(name)}/stop", {} if grace is None else {"grace": grace})

    def delete(self, name: str) -> None:
        """Stop a task and forget it and its files; nothing happens where it is already gone."""
        self._json("DELETE", f"/tasks/{quote(name)}")

    def signal(self, name: str, signal: str) -> JsonObject:
        """Send a signal such as `SIGHUP` to a task's main process."""
        return self._json("POST", f"/tasks/{quote(name)}/signal", {"signal": signal})

    def wait(self, name: str, condition: str, timeout: float) -> JsonObject:
        """The status of a task once it is `healthy`, `exited` or `running`; AgentError 408 after `timeout` seconds.

        `healthy` and `running` return too for one that ended: look at the status.
        """
        return self._json(
            "POST", f"/tasks/{quote(name)}/wait", {"for": condition, "timeout": timeout}, patience=timeout
        )

    def put_archive(self, name: str, path: str, tar: IO[bytes] | bytes) -> None:
        """Unpack a tar into a task's folder; the task need not exist yet."""
        self._json("PUT", f"/tasks/{quote(name)}/archive?{urlencode({'path': path})}", tar)

    def get_archive(self, name: str, path: str) -> IO[bytes]:
        """A tar of what is at a path in a task's folder, to be read and closed."""
        return io.BufferedReader(
            self._open("GET", f"/tasks/{quote(name)}/archive?{urlencode({'path': path})}", None, self._timeout)
        )

    def logs(
        self, name: str, *, follow: bool = False, tail: int | None = None, since: float | None = None
    ) -> Iterator[tuple[float, str]]:
        """What a task wrote, as (Unix seconds, line); with `follow`, on until it ended for good."""
        query = _query(follow=follow, tail=tail, since=since)
        for entry in self._lines(f"/tasks/{quote(name)}/logs?{query}"):
            yield entry["t"], entry["line"]

    def events(self, *, since: float = 0.0, follow: bool = False, task: str | None = None) -> Iterator[JsonObject]:
        """What happened to tasks; with `follow`, on for ever."""
        return self._lines(f"/events?{_query(follow=follow, since=since, task=task)}")

    def stats(self, name: str) -> JsonObject:
        """`cpu_percent` of one core since the last reading, `rss_bytes` and `processes` of a task."""
        return self._json("GET", f"/tasks/{quote(name)}/stats")

    def all_stats(self) -> JsonObject:
        """The same for every task, by name."""
        return self._json("GET", "/stats")

    def shutdown(self, *, stop_tasks: bool) -> None:
        """End the agent, with or without its tasks."""
        self._json("POST", "/shutdown", {"stop_tasks": stop_tasks})

    def _json(self, method: str, path: str, body: object = None, patience: float = 0.0) -> Any:
        with self._open(method, path, body, self._timeout + patience) as answer:
            return json.load(answer)

    def _lines(self, path: str) -> Iterator[JsonObject]:
        with self._open("GET", path, None, None) as answer:
            try:
                for line in answer:
                    yield json.loads(line)
            except (OSError, http.client.HTTPException) as error:
                raise AgentUnreachable(self.address, str(error)) from error

    def _open(self, method: str, path: str, body: object, timeout: float | None) -> http.client.HTTPResponse:
        connection = self._connect(timeout)
        content = (
            body if body is None or isinstance(body, bytes) or hasattr(body, "read") else json.dumps(body).encode()
        )
        try:
            connection.request(method, path, content)  # pyright: ignore[reportArgumentType] - a readable object is sent as it is
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise AgentUnreachable(self.address, str(error) or type(error).__name__) from error
        if answer.status >= 400:
            with answer:
                raise _error(answer.status, answer.read())
        return answer

    def _connect(self, timeout: float | None) -> _UnixConnection:
        deadline = time.monotonic() + self._patience
        connection = _UnixConnection(self.address.removeprefix("unix://"), timeout)
        was_there = False
        while True:
            try:
                connection.connect()
            except OSError as error:
                connection.close()
                was_there = was_there or isinstance(error, ConnectionRefusedError)
                if not was_there or time.monotonic() > deadline:
                    raise AgentUnreachable(self.address, error.strerror or str(error)) from error
                time.sleep(RETRY_SECONDS)
            else:
                return connection


def _query(**values: object) -> str:
    return urlencode(
        {name: int(value) if value is True else value for name, value in values.items() if value not in (None, False)}
    )


def _error(status: int, body: bytes) -> AgentError:
    try:
        fault = json.loads(body)["error"]
        return AgentError(status, fault["code"], fault["message"])
    except (ValueError, KeyError, TypeError):
        return AgentError(status, "internal", body.decode(errors="replace") or f"the agent answers {status}")
