"""A publisher of releases on loopback, and settings that know no other."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from obsiverse.components import catalog, network, process
from obsiverse.components.catalog import Distribution, Release
from obsiverse.components.settings import ComponentSettings, Platform

VERSION = "1.2.3"
PROGRAM = b"#!/bin/sh\necho tool version 1.2.3\n" + b"# filler\n" * 20_000


@dataclass
class Publisher:
    """A web server whose faults a test chooses.

    Attributes:
        files: body by path.
        ranges: whether byte ranges are honoured.
        cuts: for each coming request of a body, after how many bytes the connection is cut; None: not at all.
        served: bytes of bodies sent, by path.
        requests: method, path and Range header of each request.
        silent: accept connections and never answer, until set to False.
    """

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    cuts: list[int | None] = field(default_factory=list)
    served: dict[str, int] = field(default_factory=dict)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    etags: dict[str, str] = field(default_factory=dict)
    silence: threading.Event | None = None

    def etag(self, path: str) -> str:
        return self.etags.get(path) or f'"{hashlib.sha256(self.files[path]).hexdigest()[:16]}"'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    publisher: Publisher

    def do_HEAD(self) -> None:
        if self.publisher.silence is not None:
            self.publisher.silence.wait()
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        site, path = self.publisher, self.path
        asked = self.headers.get("Range", "")
        site.requests.append(("GET", path, asked))
        body = site.files.get(path)
        if body is None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        if asked and site.ranges and self.headers.get("If-Range") == site.etag(path):
            found = re.fullmatch(r"bytes=(\d+)-", asked)
            assert found
            start = int(found[1])
        rest = body[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("ETag", site.etag(path))
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        cut = site.cuts.pop(0) if site.cuts else None
        sent = rest if cut is None else rest[:cut]
        # Counted before it is sent, so that a client which has it all finds it counted.
        site.served[path] = site.served.get(path, 0) + len(sent)
        self.wfile.write(sent)
        if cut is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of the tests."""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    handler = type("Handler", (_Handler,), {})
    with _Server(("127.0.0.1", 0), handler) as server:
        handler.publisher = site = Publisher(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield site
        if site.silence is not None:
            site.silence.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "OBSIVERSE_RELEASES", "OBSIVERSE_UV"):
        monkeypatch.delenv(name, raising=False)
    network.forget()
    process.reset()
    yield
    process.reset()


@pytest.fixture
def settings(publisher: Publisher, tmp_path: Path) -> ComponentSettings:
    checkout = tmp_path / "check out"
    checkout.mkdir()
    return ComponentSettings(
        releases=publisher.url,
        go_releases="",
        grafana_releases="",
        grafana_plugins="",
        torch_cpu_index="",
        connect_timeout=0.5,
        read_timeout=5,
        checkout=checkout,
        cache=tmp_path / "the cache",
    )


def tarball(members: dict[str, bytes], mode: int = 0o644) -> bytes:
    """A .tar.gz with these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=0) as tar:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(body), mode
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


@dataclass(frozen=True)
class Published:
    """A release of `tool` 1.2.3 on the publisher."""

    path: str
    checksums: str
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Distribution:
    """A distribution named `tool` in the catalogue, with a release and nothing to build from."""
    distribution = Distribution(
        name="tool",
        version=VERSION,
        programs=("tool",),
        release=Release(
            path="maker/tool/v{version}",
            file="tool-{version}-{os}-{arch}.tar.gz",
            checksums="sums.txt",
            members={"tool": "tool-{version}/tool"},
        ),
    )
    monkeypatch.setattr(catalog, "PROGRAMS", {"tool": distribution})
    return distribution


@pytest.fixture
def release(publisher: Publisher, tool: Distribution) -> Published:
    file = f"tool-{VERSION}-{Platform.here()}.tar.gz"
    published = Published(
        f"/maker/tool/v{VERSION}/{file}", f"/maker/tool/v{VERSION}/sums.txt", tarball({f"tool-{VERSION}/tool": PROGRAM})
    )
    publisher.files[published.path] = published.body
    publisher.files[published.checksums] = f"{'0' * 64}  other.tar.gz\n{published.sha256}  {file}\n".encode()
    return published
