"""Processes that tests run against: Lookout itself, Prometheus, the stack's data planes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60


def free_address() -> str:
    """host:port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def from_checkout(source: str) -> str:
    """What a few lines print that run in this checkout's own environment, where its programs are known."""
    command = [ROOT / ".venv/bin/python", "-c", source]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def component(name: str) -> str:
    """A program's path."""
    return from_checkout(f"from obsiverse.components import get; print(get({name!r}).path)")


def service_python(name: str) -> str:
    """The interpreter of another service's environment."""
    return from_checkout(
        "from pathlib import Path; from obsiverse.components import python_environment;"
        f"print(python_environment(Path('services/{name}'), Path('.obsiverse/venvs')))"
    )


def wait(process: subprocess.Popen[Any], url: str, seconds: float = START_SECONDS) -> None:
    """Return once a URL answers; fail where its process ends before."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if httpx.get(url).status_code < 500:
                return
        except httpx.TransportError:
            pass
        assert process.poll() is None, f"{url}: the process ended"
        assert time.monotonic() < deadline, f"{url} does not answer"
        time.sleep(0.05)


def eventually[T](find: Callable[[], T], seconds: float = 20) -> T:
    """The first true value."""
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


class Lookout:
    """A Lookout that runs, and how to call it."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.address = free_address()
        self.url = f"http://{self.address}"
        self.environment = {
            **os.environ,
            "LOOKOUT_LISTEN": self.address,
            "LOOKOUT_DATA": str(data),
            **environment,
        }
        self.process = self.start()
        self.anonymous = httpx.Client(base_url=self.url, timeout=30)
        self.admin = httpx.Client(base_url=self.url, auth=("admin", self.password), timeout=30)

    @property
    def password(self) -> str:
        return (self.data / "admin-password").read_text().strip()

    def start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", "obsiverse_lookout"], env=self.environment)
        wait(process, f"{self.url}/api/health")
        return process

    def restart(self) -> None:
        """End it as a power cut would, and start it again on the same data."""
        self.process.kill()
        self.process.wait()
        self.process = self.start()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.anonymous.close()
        self.admin.close()

    def token(self, role: str = "Viewer", org: int = 1, **wanted: Any) -> str:
        """A token of a new service account."""
        headers = {"X-Grafana-Org-Id": str(org)}
        name = f"account-{time.monotonic_ns()}"
        made = self.admin.post("/api/serviceaccounts", json={"name": name, "role": role}, headers=headers)
        assert made.status_code == 201, made.text
        path = f"/api/serviceaccounts/{made.json()['id']}/tokens"
        token = self.admin.post(path, json={"name": name, **wanted}, headers=headers)
        assert token.status_code == 200, token.text
        return token.json()["key"]

    def client(self, token: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def add_source(self, name: str, kind: str, **members: Any) -> None:
        """A data source whose uid is its name."""
        made = self.admin.post(
            "/api/datasources", json={"name": name, "uid": name, "type": kind, "access": "proxy", **members}
        )
        assert made.status_code == 200, made.text

    def query(self, *queries: dict[str, Any], start: Any = "now-1m", end: Any = "now") -> dict[str, Any]:
        """Results by refId; refIds are A, B … where a query names none. A point a second, for a Prometheus that began a minute ago."""
        named = [{"refId": chr(ord("A") + index), "intervalMs": 1000, **query} for index, query in enumerate(queries)]
        body = {"from": str(start), "to": str(end), "queries": named}
        answer = self.anonymous.post("/api/ds/query", json=body)
        assert answer.status_code in (200, 207, 400), answer.text
        return answer.json()["results"]

    def save(self, dashboard: dict[str, Any], **members: Any) -> httpx.Response:
        return self.admin.post("/api/dashboards/db", json={"dashboard": dashboard, **members})
