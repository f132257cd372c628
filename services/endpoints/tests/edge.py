"""The edge's part that tells credentials, on a real socket, answering as a test says."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Edge:
    """A server for a `with` block; `keys` is what it knows, `broken` a status for everything."""

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.broken: int | None = None
        edge = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, document = edge.answer(self.path)
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """What a GET gets."""
        folder, _, key = path.rpartition("/")
        assert folder == "/_obsiverse/credentials"
        self.asked.append(key)
        if self.broken is not None:
            return self.broken, {"message": "Not Found"}
        if key not in self.keys:
            return 404, {"error": {"code": "not_found", "message": f"no access key {key}"}}
        return 200, self.keys[key]

    def issue(self, key: str, secret: str, account: str, **more: Any) -> None:
        """Make a key known."""
        nothing = {"session_token": None, "expires_at": None}
        self.keys[key] = {"account": account, "secret_access_key": secret, **nothing, **more}

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
