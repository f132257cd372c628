"""A real inbox, in a process of its own, on free ports."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

START_SECONDS = 30


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """An inbox that runs, and how to send to it."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.smtp_port = free_port()
        self.url = f"http://127.0.0.1:{free_port()}"
        self.environment = {
            **os.environ,
            "INBOX_LISTEN": self.url.removeprefix("http://"),
            "INBOX_SMTP_LISTEN": f"127.0.0.1:{self.smtp_port}",
            "INBOX_DATA": str(data),
            **environment,
        }
        self.process = self._start()
        self.http = httpx.Client(base_url=self.url)

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", "obsiverse_inbox"], env=self.environment)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                httpx.get(f"{self.url}/health").raise_for_status()
            except httpx.HTTPError:
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    raise
                time.sleep(0.05)
            else:
                return process

    def kill(self) -> None:
        """End it as a power cut would, and start it again on the same data."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = self._start()

    def stop(self, timeout: float = 10) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout)

    def send(self, message: EmailMessage, to: list[str] | None = None) -> None:
        """Send a mail over a real socket."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as smtp:
            smtp.send_message(message, to_addrs=to)

    def send_bytes(self, raw: bytes) -> None:
        """Send bytes as a mail, whatever they are."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as smtp:
            smtp.sendmail("sender@example.com", ["reader@example.com"], raw)

    def slack(self, payload: Any) -> httpx.Response:
        """Call the webhook with JSON."""
        return self.http.post("/services/T000/B000/token", json=payload)

    def messages(self, **query: Any) -> list[dict[str, Any]]:
        """What the API lists."""
        response = self.http.get("/api/messages", params=query)
        assert response.status_code == 200, response.text
        return response.json()["messages"]

    def latest(self) -> dict[str, Any]:
        """The newest message, whole."""
        return self.http.get(f"/api/messages/{self.messages(limit=1)[0]['id']}").json()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts inboxes with settings of their own; ends them after the test."""
    running: list[Running] = []

    def begin(**environment: str) -> Running:
        running.append(Running(tmp_path / f"inbox-{len(running)}", **environment))
        return running[-1]

    yield begin
    for one in running:
        one.process.kill()
        one.process.wait()
        one.http.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One inbox for the tests of a module."""
    one = Running(tmp_path_factory.mktemp("inbox"))
    yield one
    one.process.kill()
    one.process.wait()
    one.http.close()


@pytest.fixture
def inbox(shared: Running) -> Running:
    """An empty inbox."""
    assert shared.http.delete("/api/messages").status_code == 200
    return shared


@pytest.fixture
def mail() -> Callable[..., EmailMessage]:
    """Makes a mail."""

    def make(subject: str = "drift on clinical", text: str = "mean radius has drifted", **headers: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = headers.pop("sender", "alarms@example.com")
        message["To"] = "team@example.com"
        message["Subject"] = subject
        message.set_content(text)
        return message

    return make
