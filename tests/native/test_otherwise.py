"""What a service runs where its program can't be had, and the page that is built for it."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import os
import signal
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from obsiverse.components import catalog, nodejs
from obsiverse.components.settings import Platform
from tests.native.conftest import TinyStack, free_port

BOARDS = """
services:
  grafana:
    ports: ["127.0.0.1:<port>:3000"]
    volumes: ["secrets:/secrets"]
    x-native:
      command: [sh, start.sh]
      working_dir: .
      programs: {GRAFANA: grafana}
      environment: {PORT: "<port>"}
      healthcheck: {http: {port: 3000, path: /}, interval: 1s, start_interval: 100ms, start_period: 20s}
      otherwise:
        command: [sh, -c, 'cd "$$PAGE" && exec <python> -m http.server --bind 127.0.0.1 <port>']
        pages: {PAGE: lookout/page}
        environment: {SECRET: "$${SECRETS}/password"}
        volumes: {/secrets: SECRETS}
        healthcheck: {http: {port: 3000, path: /}, interval: 1s, start_interval: 100ms, start_period: 20s}
volumes:
  secrets:
"""
START = """cd "$(dirname "$GRAFANA")/../public" && exec <python> -m http.server --bind 127.0.0.1 "$PORT"
"""
BUILD = """import { mkdirSync, writeFileSync } from "node:fs";
mkdirSync("dist"); writeFileSync("dist/index.html", "of the page");
"""


class Publisher(http.server.ThreadingHTTPServer):
    """Serves files that it has in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked = 0
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Publisher

    def do_HEAD(self) -> None:
        self._answer(404, b"")

    def do_GET(self) -> None:
        self.server.asked += 1
        body = self.server.files.get(self.path)
        self._answer(200 if body is not None else 404, body or b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """Who publishes Grafana and its plugins; nothing so far."""
    with Publisher() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def publish(publisher: Publisher) -> None:
    """A Grafana whose program is a line of shell."""
    distribution, here = catalog.find("grafana"), Platform.here()
    release = distribution.release
    assert release is not None
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, body in {"bin/grafana": b"#!/bin/sh\n", "public/index.html": b"of Grafana"}.items():
            info = tarfile.TarInfo(f"grafana-v{distribution.version}/{name}")
            info.size, info.mode = len(body), 0o755
            tar.addfile(info, io.BytesIO(body))
    path = f"/{release.path}/{distribution.fill(release.file, here)}"
    publisher.files |= {path: out.getvalue(), f"{path}.sha256": hashlib.sha256(out.getvalue()).hexdigest().encode()}
    for plugin in release.plugins:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr(f"{plugin.name}/plugin.json", "{}")
        entry = f"/plugins/{plugin.name}/versions/{plugin.version}"
        packages = {"packages": {"any": {"sha256": hashlib.sha256(content.getvalue()).hexdigest()}}}
        publisher.files[entry] = json.dumps(packages).encode()
        publisher.files[f"{entry}/download?os={here.os}&arch={here.arch}"] = content.getvalue()


@pytest.fixture
def boards(tiny: TinyStack, publisher: Publisher, tmp_path: Path) -> tuple[TinyStack, int]:
    """A stack of one service, and its port."""
    if isinstance(nodejs.on_path(), str):
        pytest.skip("no Node.js on PATH")
    folder = tiny.file.parent
    page = folder / "lookout" / "page"
    page.mkdir(parents=True)
    manifest = {"name": "p", "version": "1.0.0", "type": "module", "scripts": {"build": "node build.js"}}
    (page / "package.json").write_text(json.dumps(manifest))
    (page / "package-lock.json").write_text(json.dumps({"name": "p", "lockfileVersion": 3, "packages": {"": manifest}}))
    (page / "build.js").write_text(BUILD)
    (folder / "start.sh").write_text(START.replace("<python>", sys.executable))
    port = free_port()
    tiny.write(BOARDS, port=port, python=sys.executable)
    url = f"http://127.0.0.1:{publisher.server_port}"
    # A cache of its own, and no sum of the stand-in in the checkout's components.lock.
    tiny.environment |= {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "OBSIVERSE_GRAFANA_RELEASES": url,
        "OBSIVERSE_GRAFANA_PLUGINS": f"{url}/plugins",
        "OBSIVERSE_CHECKOUT": str(tmp_path),
    }
    return tiny, port


def test_the_other_runs_until_the_program_can_be_had(
    boards: tuple[TinyStack, int], publisher: Publisher, tmp_path: Path
) -> None:
    stack, port = boards
    up = stack.run("up")
    assert up.returncode == 0, up.stderr
    assert httpx.get(f"http://127.0.0.1:{port}/").text == "of the page"
    assert "warning: grafana: " in up.stderr
    assert "answers 404" in up.stderr
    assert up.stdout.splitlines()[-1] == f"Dashboards: http://127.0.0.1:{port}"
    asked, pid = publisher.asked, stack.rows()["grafana"]["pid"]
    again = stack.run("up")
    assert again.returncode == 0, again.stderr
    assert (publisher.asked, stack.rows()["grafana"]["pid"]) == (asked, pid)
    assert "(tried at " in again.stderr
    [found] = [check for check in json.loads(stack.run("doctor", "--json").stdout) if check["what"] == "grafana"]
    assert found["ok"] is None
    assert "answers 404" in found["finding"]
    assert "sh runs in its place" in found["finding"]
    publish(publisher)
    for note in (tmp_path / "cache").rglob("refused-*.json"):
        refusal = json.loads(note.read_text())
        note.write_text(json.dumps({**refusal, "at": time.time() - 7200}))
    third = stack.run("up")
    assert third.returncode == 0, third.stderr
    assert httpx.get(f"http://127.0.0.1:{port}/").text == "of Grafana"
    assert "warning" not in third.stderr
    [found] = [check for check in json.loads(stack.run("doctor", "--json").stdout) if check["what"] == "grafana"]
    assert found["ok"] is True
    assert stack.run("down").returncode == 0


def test_a_page_that_can_not_be_built_fails_the_start_with_npm_s_words(boards: tuple[TinyStack, int]) -> None:
    stack, _ = boards
    (stack.file.parent / "lookout" / "page" / "build.js").write_text("throw new Error('no such module')")
    up = stack.run("up")
    assert up.returncode == 1
    assert "`npm run build` failed" in up.stderr
    assert "no such module" in up.stderr
    assert stack.rows() == {}


def test_an_interrupt_while_a_page_is_built_leaves_nothing(
    boards: tuple[TinyStack, int], tmp_path: Path, until: Callable[..., object]
) -> None:
    stack, _ = boards
    script = 'import { writeFileSync } from "node:fs"; writeFileSync("started", ""); setTimeout(() => {}, 60000);'
    (stack.file.parent / "lookout" / "page" / "build.js").write_text(script)
    up = stack.start("up")
    until(lambda: list((tmp_path / "cache").rglob("started")), within=60)
    os.killpg(up.pid, signal.SIGINT)
    _, said = up.communicate(timeout=60)
    assert up.returncode == 130, said
    assert "interrupted; nothing was started" in said
    assert "Traceback" not in said
    assert not list((tmp_path / "cache" / "obsiverse" / "pages").glob("*/.new"))
    until(lambda: not stack.processes())
