"""The service as a real process, and what it talks to: a server that answers as sagemaker-runtime and as S3."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

DEADLINE_SECONDS = 30


class Aws:
    """Keeps the requests it got; holds or fails them when told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.objects: dict[str, bytes] = {}
        self.failure: tuple[int, str] | None = None
        self.release = threading.Event()
        self.release.set()
        self.held = self.most_held = 0
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bodies(self) -> list[str]:
        """The rows of all invocations, in order."""
        return [body.decode() for _, _, body in self.requests]

    def start(self) -> None:
        """Listen."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Refuse connections."""
        if self._server:
            server, self._server = self._server, None
            server.shutdown()
            server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        aws = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if aws._server is None:  # stopped: what is still connected is cut off
                    self.close_connection = True
                    return
                with aws._lock:
                    aws.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                    aws.held += 1
                    aws.most_held = max(aws.most_held, aws.held)
                aws.release.wait(DEADLINE_SECONDS)
                with aws._lock:
                    aws.held -= 1
                status, code = aws.failure or (200, "")
                self._answer(status, b'{"Message": "x"}', {"x-amzn-errortype": code} if code else {})

            def do_GET(self) -> None:
                found = aws.objects.get(self.path)
                error = b"<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>"
                self._answer(200 if found else 404, found or error, {})

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class Traffic:
    """The service."""

    def __init__(self, data: Path, aws: Aws, concurrency: int = 8) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "TRAFFIC_LISTEN": f"127.0.0.1:{port}",
            "TRAFFIC_DATA": str(data),
            "TRAFFIC_CONCURRENCY": str(concurrency),
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": aws.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "000000000000",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_MAX_ATTEMPTS": "1",
        }
        self.start()

    def start(self) -> None:
        """Start, and wait until healthy."""
        self.popen = subprocess.Popen([sys.executable, "-m", "obsiverse_traffic"], env=self._environment)
        eventually(self._healthy)

    def _healthy(self) -> bool:
        assert self.popen.poll() is None, f"the service ended with {self.popen.returncode}"
        try:
            return httpx.get(f"{self.url}/health", timeout=1).is_success
        except httpx.TransportError:
            return False

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        if self.popen.poll() is None:
            self.popen.send_signal(how)
        return self.popen.wait(DEADLINE_SECONDS)

    def put(self, **fields: Any) -> httpx.Response:
        """PUT /traffic."""
        return httpx.put(f"{self.url}/traffic", json=fields, timeout=DEADLINE_SECONDS)

    def get(self, path: str) -> Any:
        """A document."""
        return httpx.get(f"{self.url}{path}").raise_for_status().json()


def eventually(probe: Callable[[], Any]) -> Any:
    """Call until what it returns is true; that value."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (value := probe()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)
    return value


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def aws() -> Iterator[Aws]:
    server = Aws()
    server.start()
    yield server
    server.release.set()
    server.stop()


@pytest.fixture
def traffic(tmp_path: Path, aws: Aws) -> Iterator[Traffic]:
    service = Traffic(tmp_path / "data", aws)
    yield service
    service.end(signal.SIGKILL)


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[[Callable[[], Any]], Any]:
    return eventually
