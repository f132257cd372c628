"""The ASGI app: Grafana's API, the page, and Grafana's error shape for every other call."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from obsiverse_lookout.api import (
    alert_rules,
    alerts,
    annotations,
    dashboards,
    data_sources,
    folders,
    health,
    orgs,
    plugins,
    query,
    render,
    search,
    service_accounts,
)
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.lookout import Lookout
from obsiverse_lookout.page import Page
from obsiverse_lookout.settings import Settings

RESOURCES = (
    alert_rules,
    alerts,
    annotations,
    dashboards,
    data_sources,
    folders,
    health,
    orgs,
    plugins,
    query,
    render,
    search,
    service_accounts,
)
PAGES = ("/", "/dashboards", "/dashboards/{rest:path}", "/d/{rest:path}", "/d-solo/{rest:path}")
# Every answer that is not a page is data, and runs nothing wherever it is opened.
DATA = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
log = structlog.get_logger(__name__)


def create_app(settings: Settings) -> Starlette:
    """The service.

    Raises:
        OSError, ValueError, sqlite3.Error: its data, its password or its provisioning files can't be used.
    """
    lookout = Lookout(settings)
    page = Page(settings.page)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with lookout:
            yield

    app = Starlette(
        routes=[
            Route("/api/health", _health),
            *(each for resource in RESOURCES for each in resource.ROUTES),
            *(Route(path, page.index) for path in PAGES),
            Route("/api/{path:path}", _unknown, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
            Route("/{path:path}", page.asset),
        ],
        lifespan=lifespan,
        middleware=[Middleware(Guarded), Middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)],
        exception_handlers={
            ApiError: _refused,
            404: _not_found,
            405: _not_found,
            Exception: _failed,
        },
    )
    app.state.lookout = lookout
    return app


class Guarded:
    """Middleware: every answer says that it is data, unless it says otherwise itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in DATA.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)


def _health(request: Request) -> Response:
    lookout: Lookout = request.app.state.lookout
    try:
        return JSONResponse(health.state(lookout))
    except sqlite3.Error as error:
        return JSONResponse({"database": f"failing: {error}"}, 503)


def _unknown(request: Request) -> Response:
    raise ApiError(404, f"Not found: Lookout has no {request.method} {request.url.path}; Grafana may")


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    # Without WWW-Authenticate: a browser would ask for a password in the middle of a page.
    return JSONResponse(error.body, error.status)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"message": "Not found"}, 404)


async def _failed(_request: Request, _error: Exception) -> Response:
    # uvicorn logs the trace.
    return JSONResponse({"message": "Internal server error: the log of lookout has its trace"}, 500)
