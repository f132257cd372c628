"""What every way in over HTTP needs: bodies of bounded size, query parameters, errors as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from obsiverse_inbox.messages import KINDS, Kind

BODY_LIMIT_BYTES = 1024 * 1024
LIST_LIMIT = 1000


class HttpError(Exception):
    """An error to answer with; `status` is HTTP's, `code` one word for programs."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def error_response(_request: Request, error: Exception) -> Response:
    """An HttpError as `{"error": {"code", "message"}}`."""
    found = cast("HttpError", error)
    return JSONResponse({"error": {"code": found.code, "message": str(found)}}, found.status)


async def body(request: Request) -> bytes:
    """The request's body.

    Raises:
        HttpError: 413, it is longer than BODY_LIMIT_BYTES.
    """
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > BODY_LIMIT_BYTES:
            raise HttpError(413, "too_large", f"the body is longer than {BODY_LIMIT_BYTES} bytes")
    return bytes(received)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages a request asks for. `since` is in Unix seconds."""

    kind: Kind | None
    q: str
    since: float | None
    limit: int


def parse_filter(request: Request, default_limit: int = 50) -> Filter:
    """The filter in a request's query.

    Raises:
        HttpError: 400, a parameter is not what it should be.
    """
    query = request.query_params
    kind = query.get("kind") or None
    if kind is not None and kind not in KINDS:
        raise HttpError(400, "invalid_parameter", f"kind is {kind!r}; it can be {', '.join(KINDS)}")
    try:
        since = float(query["since"]) if query.get("since") else None
        limit = int(query.get("limit") or default_limit)
    except ValueError:
        raise HttpError(400, "invalid_parameter", "since is a time in Unix seconds, limit a whole number") from None
    if not 1 <= limit <= LIST_LIMIT or not math.isfinite(since or 0):
        raise HttpError(400, "invalid_parameter", f"limit is from 1 to {LIST_LIMIT}, since a finite number")
    return Filter(kind, query.get("q", ""), since, limit)
