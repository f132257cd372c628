"""The page: its files, compressed once, and the headers that keep what it shows from running.

Names of assets hold a hash of what is in them, so a browser keeps those for good and asks for the page itself each time.
"""

from __future__ import annotations

import gzip
import mimetypes
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from obsiverse_lookout.errors import ApiError

# Components of Grafana put their styles into the page, so those can't be forbidden. Scripts only from here.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
SECURITY = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
FOREVER = "public, max-age=31536000, immutable"
COMPRESSED = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/wasm")
SMALLEST = 1024
HASHED_FOLDER = "assets"


NOTHING: Mapping[str, str] = {}
# What encodeURIComponent leaves as it is, or the page would ask for another address.
SAFE = "!~*'()"
DASHBOARD = re.compile(r"/d(?:-solo)?/([^/]+)")


class Asset(NamedTuple):
    """A file of the page; plain where it is small or does not compress, since few clients take nothing else."""

    plain: bytes | None
    compressed: bytes | None
    kind: str
    etag: str


class Page:
    """Serves the files of a folder, and its index.html for every address that the page takes apart itself.

    Args:
        folder: where the page was built.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[Path, int, int], Asset] = {}

    def index(self, request: Request) -> Response:
        """The page."""
        path = self._folder / "index.html"
        if not path.is_file():
            return PlainTextResponse(
                f"The page is not built: there is no {path}. Build it with npm ci && npm run build in services/lookout/page; "
                "the API answers without it.",
                503,
                SECURITY,
            )
        return self._answer(request, path, "no-cache", _preloads(request.url.path))

    def asset(self, request: Request) -> Response:
        """A file; raises ApiError 404."""
        root, name = self._folder.resolve(), str(request.path_params["path"])
        # No file's name holds a zero byte, and asking for one is an error.
        path = (root / name.replace("\0", "/")).resolve()
        if "\0" in name or not path.is_relative_to(root) or not path.is_file() or path == root / "index.html":
            raise ApiError(404, "Not found")
        hashed = path.relative_to(root).parts[0] == HASHED_FOLDER
        return self._answer(request, path, FOREVER if hashed else "public, max-age=3600")

    def _answer(self, request: Request, path: Path, caching: str, more: Mapping[str, str] = NOTHING) -> Response:
        asset = self._read(path)
        headers = {**SECURITY, **more, "Cache-Control": caching, "ETag": asset.etag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == asset.etag:
            return Response(status_code=304, headers=headers)
        if asset.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            content = asset.compressed
            headers["Content-Encoding"] = "gzip"
        else:
            content = asset.plain or path.read_bytes()
        # The header is set here, since Starlette would add a character set to what has none.
        return Response(content, headers=headers | {"Content-Type": asset.kind})

    def _read(self, path: Path) -> Asset:
        stat = path.stat()
        key = (path, stat.st_mtime_ns, stat.st_size)
        if key not in self._known:
            content = path.read_bytes()
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            kind = "application/javascript" if kind == "text/javascript" else kind
            small = len(content) < SMALLEST or not kind.startswith(COMPRESSED)
            compressed = None if small else gzip.compress(content, 9, mtime=0)
            shown = f"{kind}; charset=utf-8" if kind.startswith(("text/", "application/j")) else kind
            self._known = {known: asset for known, asset in self._known.items() if known[0] != path}
            self._known[key] = Asset(
                content if small else None, compressed, shown, f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
            )
        return self._known[key]


def _preloads(path: str) -> Mapping[str, str]:
    """A dashboard's data, for the browser to fetch while the code that shows them is on its way."""
    found = DASHBOARD.match(path)
    if not found:
        return NOTHING
    wanted = (f"/api/dashboards/uid/{quote(found[1], safe=SAFE)}", "/api/frontend/settings")
    return {"Link": ", ".join(f"<{each}>; rel=preload; as=fetch; crossorigin" for each in wanted)}
