"""The agent's API from outside of its container: by a program run in there, since its socket leaves it for the edge only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import docker.errors
import requests
from obsiverse_client import AgentError, AgentUnreachable
from obsiverse_client.connection import Connector, Query


class ExecConnector(Connector):
    """Sends requests by `python -m obsiverse_client` in the agent's container. It moves no archives."""

    def __init__(self, container: Any) -> None:
        """
        Args:
            container: the agent's, as the SDK has it.
        """
        super().__init__("unix:///run/obsiverse/agent.sock", 0.0)
        self.address = f"container {container.name}"
        self._container = container

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
        """See `Connector.json`; the agent's own patience stands for `timeout`."""
        answer = self._ask(method, path, value, query)
        return json.loads(b"".join(answer))

    def lines(self, path: str, query: Query, *, timeout: float | None) -> Iterator[dict[str, Any]]:
        """See `Connector.lines`."""
        answer = self._ask("GET", path, None, query)

        def read() -> Iterator[dict[str, Any]]:
            rest = b""
            for chunk in answer:
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (json.loads(line) for line in whole)

        return read()

    def _ask(self, method: str, path: str, value: object, query: Query | None) -> Iterator[bytes]:
        """The answer's body as it comes.

        Raises:
            AgentError, AgentUnreachable: the agent refused, or does not answer.
        """
        given = {name: one for name, one in (query or {}).items() if one is not None}
        target = f"{path}?{urlencode(given, doseq=True)}" if given else path
        command = ["python", "-m", "obsiverse_client", method, target, *([] if value is None else [json.dumps(value)])]
        try:
            _, chunks = self._container.exec_run(command, stream=True, demux=True)
            errors = b""
            head = b""
            for out, err in chunks:
                errors += err or b""
                head += out or b""
                if b"\n" in head:
                    break
            else:
                raise AgentUnreachable(self.address, errors.decode(errors="replace").strip() or "it printed nothing")
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise AgentUnreachable(self.address, str(error)) from error
        status, _, begin = head.partition(b"\n")
        body = _body(begin, chunks)
        if int(status) >= 400:
            error = json.loads(b"".join(body))["error"]
            raise AgentError(int(status), error["code"], error["message"])
        return body


def _body(begin: bytes, chunks: Iterator[tuple[bytes | None, bytes | None]]) -> Iterator[bytes]:
    yield begin
    yield from (out for out, _ in chunks if out)
