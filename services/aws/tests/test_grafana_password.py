"""A password that Grafana refuses. Lookout locks nobody out, so a server that counts stands for Grafana here."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from obsiverse_aws.grafana.errors import InternalServerException
from obsiverse_aws.grafana.grafana_api import GrafanaApi


class Refusing(BaseHTTPRequestHandler):
    """Answers what Grafana answers to a wrong password."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.headers["Authorization"])
        body = json.dumps({"message": "Invalid username or password", "messageId": "password-auth.failed"}).encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def refusing() -> Iterator[tuple[str, list[str]]]:
    """The address of such a server, and what it was asked."""
    handler = type("Handler", (Refusing,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", handler.asked
    server.shutdown()
    server.server_close()


def test_a_refused_password_is_not_tried_until_grafana_locks_its_user_out(refusing, tmp_path):
    address, asked = refusing
    file = tmp_path / "password"
    grafana = GrafanaApi(address, file)
    for password, tries in (("first", 1), ("second", 2)):
        file.write_text(password)
        for _ in range(10):
            with pytest.raises(InternalServerException, match="does not take the password"):
                grafana.org_named("any")
        assert len(asked) == tries
