"""The ASGI app."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from obsiverse_endpoints.admin import RoutesAdmin
from obsiverse_endpoints.async_invocation import AsyncInvocation
from obsiverse_endpoints.async_queue import AsyncQueue
from obsiverse_endpoints.async_request import TIMEOUT_SECONDS
from obsiverse_endpoints.async_results import EdgeResults, Results
from obsiverse_endpoints.async_run import AsyncRun
from obsiverse_endpoints.async_store import AsyncStore
from obsiverse_endpoints.authentication import Authenticator
from obsiverse_endpoints.credential_store import CredentialStore
from obsiverse_endpoints.credentials import Credentials
from obsiverse_endpoints.edge_credentials import EdgeCredentials
from obsiverse_endpoints.errors import AwsError, InternalFailure, UnknownOperationException
from obsiverse_endpoints.invocation import Invocation
from obsiverse_endpoints.metrics import Metrics
from obsiverse_endpoints.settings import Settings
from obsiverse_endpoints.store import RouteStore
from obsiverse_endpoints.table import RouteTable
from obsiverse_endpoints.upstream import AiohttpUpstream, Upstream

INVOCATIONS = re.compile(r"/endpoints/([^/]+)/(async-)?invocations")


class DataPlane:
    """The API's operations first; every other path is Starlette's, whose routing and middleware take a tenth of a request."""

    def __init__(self, invocation: Invocation, async_invocation: AsyncInvocation, other: Starlette) -> None:
        self.invocation = invocation
        self.async_invocation = async_invocation
        self.other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or go through start and shutdown."""
        if scope["type"] == "http" and scope["method"] == "POST" and (path := INVOCATIONS.fullmatch(scope["path"])):
            scope["path_params"] = {"endpoint": path[1]}
            operation = self.async_invocation if path[2] else self.invocation
            await operation(scope, receive, send)
        else:
            await self.other(scope, receive, send)


def create_app(settings: Settings, upstream: Upstream | None = None, results: Results | None = None) -> DataPlane:
    """The data plane over the routes in `settings.data`; raises sqlite3.Error or OSError where it can't be used.

    `results` is where asynchronous requests go instead of the edge.
    """
    metrics = Metrics()
    store = RouteStore(settings.data / "routes.db")
    table = RouteTable(store)
    containers = upstream or AiohttpUpstream()
    credential_store = CredentialStore(settings.data / "credentials.db")
    edge = EdgeCredentials(settings.aws)
    authenticator = Authenticator(Credentials(edge.ask, credential_store))
    rng = random.Random(settings.seed)  # noqa: S311 - shares traffic, guards nothing
    async_containers = AiohttpUpstream(answer_seconds=TIMEOUT_SECONDS[1])
    async_store = AsyncStore(settings.data / "async.db")
    buckets = results or EdgeResults(settings.aws)
    queue = AsyncQueue(async_store, table, AsyncRun(table, async_containers, buckets, rng))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with containers, async_containers, edge:
            queue.start()
            yield
            await queue.close()
        buckets.close()
        async_store.close()
        credential_store.close()
        store.close()

    async def prometheus(request: Request) -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    other = Starlette(
        routes=[
            Route("/health", _health),
            Route("/metrics", prometheus),
            *RoutesAdmin(table).paths(),
        ],
        lifespan=lifespan,
        exception_handlers={404: _unknown_operation, 405: _unknown_operation, Exception: _internal_failure},
    )
    return DataPlane(
        Invocation(authenticator, table, containers, metrics, rng),
        AsyncInvocation(authenticator, table, queue, metrics),
        other,
    )


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _unknown_operation(request: Request, error: Exception) -> Response:
    return _answer(
        UnknownOperationException(f"{request.method} {request.url.path} is not an operation of this data plane.")
    )


async def _internal_failure(request: Request, error: Exception) -> Response:
    return _answer(InternalFailure("An internal failure occurred; the log of endpoints has its trace."))


def _answer(error: AwsError) -> Response:
    headers = {name.decode(): value.decode() for name, value in error.headers()}
    return Response(error.body(), error.status, headers)
