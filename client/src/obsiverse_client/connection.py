"""HTTP over the agent's unix socket."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Generator, Iterator, Mapping
from typing import IO, Any
from urllib.parse import quote, urlencode

from obsiverse_client.errors import AgentError, AgentUnreachable

Query = Mapping[str, "str | float | list[str] | None"]
RETRY_SECONDS = 0.05
IDEMPOTENT = ("GET", "PUT", "DELETE")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._path)
        except BaseException:
            self.sock.close()
            raise


class Connector:
    """Sends requests, each over a connection of its own, so that threads may share it."""

    def __init__(self, address: str, patience: float) -> None:
        """
        Args:
            address: `unix:///path/to/agent.sock`.
            patience: seconds for which a socket that nobody answers is tried again; a killed agent is soon back.

        Raises:
            ValueError: the address is no unix socket's.
        """
        scheme, separator, path = address.partition("://")
        if scheme != "unix" or not separator or not path.startswith("/"):
            raise ValueError(f"the agent's address must be unix:///path/to/agent.sock, not {address!r}")
        self.address = address
        self._path = path
        self._patience = patience

    def open(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: bytes | IO[bytes] | None = None,
        timeout: float | None,
        patient: bool = True,
    ) -> http.client.HTTPResponse:
        """Send a request and return the response, its body unread. Closing the response closes the connection.

        Args:
            timeout: seconds without a byte after which the agent counts as unreachable; None waits for ever.
            patient: wait a while for an agent that is being started again; a request that may be sent twice is.

        Raises:
            AgentError: the agent refused.
            AgentUnreachable: it does not answer.
        """
        deadline = time.monotonic() + (self._patience if patient else 0.0)
        again = method in IDEMPOTENT and not hasattr(body, "read")
        while True:
            connection = self._connect(timeout, deadline)
            try:
                response = _exchange(connection, method, _target(path, query), body)
                break
            except (ConnectionResetError, http.client.RemoteDisconnected) as error:
                connection.close()
                if not again or not patient:
                    raise AgentUnreachable(self.address, _reason(error)) from error
                # It was killed over this request. Its successor is asked once more.
                again, deadline = False, time.monotonic() + self._patience
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                raise AgentUnreachable(self.address, _reason(error)) from error
        if response.status >= 400:
            with response:
                raise self._error(response)
        return response

    def json(
        self,
        method: str,
        path: str,
        value: object = None,
        *,
        query: Query | None = None,
        timeout: float | None,
        patient: bool = True,
    ) -> Any:
        """Send JSON and return the JSON that answers; the arguments and errors are those of `open`."""
        body = None if value is None else json.dumps(value).encode()
        response = self.open(method, path, query=query, body=body, timeout=timeout, patient=patient)
        with self.reading(response):
            return json.loads(response.read())

    def lines(self, path: str, query: Query, *, timeout: float | None) -> Iterator[dict[str, Any]]:
        """The objects of an NDJSON answer as they come; the request is sent at once.

        Raises:
            AgentError, AgentUnreachable: as `open`; the latter also later, where the agent dies.
        """
        response = self.open("GET", path, query=query, timeout=timeout)

        def read() -> Iterator[dict[str, Any]]:
            with self.reading(response):
                while line := response.readline():
                    yield json.loads(line)

        return read()

    @contextlib.contextmanager
    def reading(self, response: http.client.HTTPResponse) -> Generator[None, None, None]:
        """Close a response at the end, and name the agent where it dies in the middle."""
        with response:
            try:
                yield
            except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
                raise AgentUnreachable(self.address, _reason(error)) from error

    def _connect(self, timeout: float | None, deadline: float) -> _UnixConnection:
        while True:
            connection = _UnixConnection(self._path, timeout)
            try:
                connection.connect()
            except ConnectionRefusedError as error:
                # The socket's file is there and nobody behind it: the agent was killed and is not back yet.
                if time.monotonic() >= deadline:
                    raise AgentUnreachable(self.address, _reason(error)) from error
                time.sleep(RETRY_SECONDS)
            except OSError as error:
                raise AgentUnreachable(self.address, _reason(error)) from error
            else:
                return connection

    def _error(self, response: http.client.HTTPResponse) -> Exception:
        try:
            error = json.loads(response.read())["error"]
            return AgentError(response.status, str(error["code"]), str(error["message"]))
        except (ValueError, KeyError, TypeError):
            return AgentError(response.status, "internal", f"the agent answers {response.status} {response.reason}")
        except (OSError, http.client.HTTPException) as error:
            return AgentUnreachable(self.address, _reason(error))


def _exchange(
    connection: _UnixConnection, method: str, target: str, body: bytes | IO[bytes] | None
) -> http.client.HTTPResponse:
    headers = {"Connection": "close"} | ({"Content-Type": "application/octet-stream"} if body else {})
    # The agent may refuse, and say why, before it has read the whole body.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request(method, target, body, headers)
    return connection.getresponse()


def _target(path: str, query: Query | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def quoted(name: str) -> str:
    """A name as a part of a path."""
    return quote(name, safe="")
