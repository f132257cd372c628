"""What every endpoint needs: who calls, the body, the query, and answers as JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from obsiverse_lookout.access import Identity, Role
from obsiverse_lookout.errors import ApiError, unauthorized
from obsiverse_lookout.lookout import Lookout

# A dashboard of 5 MB is a big one.
BODY_LIMIT = 16 * 1024 * 1024
ORG_HEADER = "x-grafana-org-id"


@dataclass(frozen=True)
class Call:
    """One authenticated request."""

    lookout: Lookout
    identity: Identity
    request: Request
    raw: bytes

    @property
    def org_id(self) -> int:
        """The organisation it is about."""
        return self.identity.org_id

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters; of those given several times the last."""
        return self.request.query_params

    def all(self, name: str) -> list[str]:
        """Every value of a query parameter."""
        return [value for value in self.request.query_params.getlist(name) if value]

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """A part of the path that is a number; raises ApiError 400."""
        return _number(self.path(name), name)

    def asked_number(self, name: str, default: int) -> int:
        """A query parameter that is a number; raises ApiError 400."""
        value = self.query.get(name)
        return _number(value, name) if value else default

    @property
    def body(self) -> dict[str, Any]:
        """The body, a JSON object; raises ApiError 400."""
        if not self.raw.strip():
            return {}
        try:
            read = cast("object", json.loads(self.raw, parse_constant=_no_number))
            # Half of a character, which JSON can spell, can be neither kept nor answered.
            if b"\\u" in self.raw:
                json.dumps(read, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise ApiError(400, f"bad request data: the body is no JSON: {error}") from None
        if not isinstance(read, dict):
            raise ApiError(400, "bad request data: the body is not a JSON object")
        return cast("dict[str, Any]", read)


Handler = Callable[[Call], Any] | Callable[[Call], Awaitable[Any]]


def route(method: str, path: str, handler: Handler, role: Role = "Viewer", *, signed_in: bool = False) -> Route:
    """An endpoint; what its handler returns is answered as JSON, unless it is a Response.

    Args:
        handler: a plain function runs on a thread, since it reads the disk.
        role: the least that may call it.
        signed_in: anonymous viewers may not.
    """

    async def endpoint(request: Request) -> Response:
        call = await authenticated(request)
        call.identity.require(role)
        if signed_in and call.identity.kind == "anonymous":
            raise unauthorized("Unauthorized: sign in or send a token", "auth.unauthorized")
        try:
            answer = await (handler(call) if iscoroutinefunction(handler) else run_in_threadpool(handler, call))
        except (OverflowError, sqlite3.ProgrammingError, sqlite3.InterfaceError) as error:
            # SQLite takes texts and numbers of 64 bits; what a client put in their place came down to here.
            raise ApiError(400, f"bad request data: {error}") from error
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return Route(path, endpoint, methods=[method])


async def authenticated(request: Request) -> Call:
    """A request with its caller and its body; raises ApiError 401, 413."""
    lookout = cast("Lookout", request.app.state.lookout)
    chosen = request.headers.get(ORG_HEADER) or request.query_params.get("orgId")
    org_id = _number(chosen, "X-Grafana-Org-Id") if chosen else None
    authorization = request.headers.get("authorization")
    if authorization is None:
        # Viewers are the many, and nothing has to be looked up for them.
        identity = lookout.access.identify(None, org_id)
    else:
        identity = await run_in_threadpool(lookout.access.identify, authorization, org_id)
    received = bytearray()
    if request.method in ("POST", "PUT", "PATCH"):
        async for chunk in request.stream():
            received += chunk
            if len(received) > BODY_LIMIT:
                raise ApiError(413, f"the body is longer than {BODY_LIMIT // 1024**2} MB")
    return Call(lookout, identity, request, bytes(received))


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _number(text: str, name: str) -> int:
    # SQLite's integers end at 64 bits.
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ApiError(400, f"{name} is invalid: {text!r} is not a number")
    return int(text)
