"""Lambda's Runtime API for one execution environment (AWS: "Using the Lambda runtime API").

A runtime asks for the next invocation, which is answered once there is one, and sends its response or error.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

VERSION = "/2018-06-01/runtime"
MEGABYTE = 1024 * 1024
MAX_RESPONSE = 6 * MEGABYTE


@dataclass(frozen=True)
class Invocation:
    """What a runtime is asked to do.

    Attributes:
        deadline: Unix seconds.
        trace: X-Ray's trace header.
    """

    id: str
    arn: str
    payload: bytes
    deadline: float
    trace: str

    def headers(self) -> dict[str, str]:
        """The headers by which the Runtime API tells them."""
        return {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.id,
            "Lambda-Runtime-Deadline-Ms": str(round(self.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
            "Lambda-Runtime-Trace-Id": self.trace,
        }


@dataclass(frozen=True)
class Answer:
    """What a runtime answered."""

    payload: bytes
    is_error: bool


class RuntimeEnded(Exception):
    """The runtime ended while something was expected of it."""


class InitError(Exception):
    """The runtime could not load the function; `payload` is the error's document."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload.decode(errors="replace"))
        self.payload = payload


class RuntimeApi:
    """The server of one runtime, which takes one invocation at a time.

    Args:
        host: the address to listen at.
    """

    def __init__(self, host: str) -> None:
        self._changed = threading.Condition()
        self._next: Invocation | None = None
        self._running: tuple[str, Future[Answer]] | None = None
        self._ended = False
        self._ready: Future[float] = Future()
        self._server = _Server((host, 0), _Handler)
        self._server.api = self
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="lambda-runtime", daemon=True).start()

    def ready(self, timeout: float) -> float:
        """Wait until the function is loaded; when that was, on the monotonic clock.

        Raises InitError, RuntimeEnded, TimeoutError.
        """
        return self._ready.result(timeout)

    def invoke(self, invocation: Invocation, timeout: float) -> Answer:
        """Hand an invocation to the runtime and wait for its answer.

        Raises RuntimeEnded, TimeoutError.
        """
        answer: Future[Answer] = Future()
        with self._changed:
            if self._ended:
                raise RuntimeEnded
            self._next, self._running = invocation, (invocation.id, answer)
            self._changed.notify_all()
        return answer.result(timeout)

    def next(self) -> Invocation | None:
        """The next invocation, waited for; None where the environment is ended."""
        with self._changed:
            if not self._ready.done():
                self._ready.set_result(time.monotonic())
            self._changed.wait_for(lambda: self._next is not None or self._ended)
            invocation, self._next = self._next, None
            return invocation

    def answer(self, invocation: str, answer: Answer) -> bool:
        """Take an answer; whether it is one to the invocation that runs."""
        with self._changed:
            if self._running is None or self._running[0] != invocation:
                return False
            (_, waiting), self._running = self._running, None
        waiting.set_result(answer)
        return True

    def fail_init(self, payload: bytes) -> None:
        """The runtime could not load the function."""
        with self._changed:
            if not self._ready.done():
                self._ready.set_exception(InitError(payload))

    def end(self) -> None:
        """The runtime has ended, or shall: whoever waits is told."""
        with self._changed:
            self._ended = True
            running, self._running = self._running, None
            if not self._ready.done():
                self._ready.set_exception(RuntimeEnded())
            self._changed.notify_all()
        if running is not None:
            running[1].set_exception(RuntimeEnded())

    def close(self) -> None:
        """Stop serving."""
        self.end()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: RuntimeApi


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # type: ignore[assignment]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Headers and body leave in one packet.
    wbufsize = -1

    def do_GET(self) -> None:
        """The next invocation."""
        if self.path != f"{VERSION}/invocation/next":
            return self._reply(404)
        invocation = self.server.api.next()
        if invocation is None:
            self.close_connection = True
            return None
        return self._reply(200, invocation.payload, invocation.headers())

    def do_POST(self) -> None:
        """A response, or an error of an invocation or of the start."""
        body = self._body()
        api = self.server.api
        match self.path.removeprefix(f"{VERSION}/").split("/"):
            case ["init", "error"]:
                api.fail_init(body)
            case ["invocation", invocation, "response" | "error" as kind]:
                answer = Answer(body, kind == "error") if len(body) <= MAX_RESPONSE else too_large(len(body))
                if not api.answer(invocation, answer):
                    return self._reply(400, b'{"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"}')
            case _:
                return self._reply(404)
        return self._reply(202, b'{"status": "OK"}')

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return bytes(body)

    def _reply(self, status: int, body: bytes = b"{}", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {"Content-Type": "application/json"}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
        """Say nothing: every invocation is two requests."""


def too_large(size: int) -> Answer:
    """AWS's error for a response of more than 6 MB."""
    message = f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({MAX_RESPONSE} bytes)."
    document = f'{{"errorMessage": "{message}", "errorType": "Function.ResponseSizeTooLarge"}}'
    return Answer(document.encode(), is_error=True)
