"""The ASGI app."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from obsiverse_dataplane.authentication import Authenticator
from obsiverse_dataplane.credential_store import CredentialStore
from obsiverse_dataplane.credentials import Credentials
from obsiverse_dataplane.edge_credentials import EdgeCredentials
from obsiverse_dataplane.errors import AwsError, InternalFailure, UnknownOperationException
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from obsiverse_endpoints.admin import RoutesAdmin
from obsiverse_endpoints.async_invocation import AsyncInvocation
from obsiverse_endpoints.async_queue import AsyncQueue
from obsiverse_endpoints.async_request import TIMEOUT_SECONDS
from obsiverse_endpoints.async_results import EdgeResults, Results
from obsiverse_endpoints.async_run import AsyncRun
from obsiverse_endpoints.async_store import AsyncStore
from obsiverse_endpoints.aws import Aws
from obsiverse_endpoints.capture import Capture
from obsiverse_endpoints.capture_files import CaptureFiles
from obsiverse_endpoints.capture_upload import CaptureUpload
from obsiverse_endpoints.cloudwatch import CloudWatchMetrics
from obsiverse_endpoints.containers import Containers
from obsiverse_endpoints.dispatch import Dispatcher
from obsiverse_endpoints.edge import Edge
from obsiverse_endpoints.flushing import Flushing
from obsiverse_endpoints.invocation import Invocation
from obsiverse_endpoints.metrics import Metrics
from obsiverse_endpoints.multi_model import Models
from obsiverse_endpoints.observers import Observers
from obsiverse_endpoints.sessions import Sessions
from obsiverse_endpoints.settings import Settings
from obsiverse_endpoints.store import RouteStore
from obsiverse_endpoints.streaming import StreamInvocation
from obsiverse_endpoints.table import RouteTable
from obsiverse_endpoints.upstream import AiohttpUpstream, Upstream

OPERATIONS = re.compile(r"/endpoints/([^/]+)/((?:async-)?invocations|invocations-response-stream)")


class DataPlane:
    """The operations first; every other path is Starlette's, whose routing and middleware take a tenth of a request."""

    def __init__(self, operations: dict[str, ASGIApp], other: Starlette) -> None:
        self.operations = operations
        self.other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or go through start and shutdown."""
        if scope["type"] == "http" and scope["method"] == "POST" and (path := OPERATIONS.fullmatch(scope["path"])):
            scope["path_params"] = {"endpoint": path[1]}
            await self.operations[path[2]](scope, receive, send)
        else:
            await self.other(scope, receive, send)


def create_app(settings: Settings, upstream: Upstream | None = None, results: Results | None = None) -> DataPlane:
    """The data plane over the routes in `settings.data`; raises sqlite3.Error or OSError where it can't be used.

    `results` is where asynchronous requests go instead of the edge.
    """
    metrics = Metrics()
    store = RouteStore(settings.data / "routes.db")
    table = RouteTable(store)
    reach = upstream or AiohttpUpstream()
    credential_store = CredentialStore(settings.data / "credentials.db")
    edge = EdgeCredentials(settings.aws)
    authenticator = Authenticator(Credentials(edge.ask, credential_store), "sagemaker")
    rng = random.Random(settings.seed)  # noqa: S311 - shares traffic, guards nothing
    aws = Aws(settings.aws)
    cloudwatch = CloudWatchMetrics(aws)
    files = CaptureFiles(settings.data / "capture", settings.flush_seconds)
    sessions = Sessions()
    containers = Containers(reach, sessions, Models(reach, Edge(reach, settings.aws), cloudwatch.measure))
    dispatcher = Dispatcher(table, reach, sessions, rng)
    observers = Observers(dispatcher, containers, metrics, cloudwatch, Capture(files, rng))
    flushing = Flushing(cloudwatch, CaptureUpload(files, aws), settings.flush_seconds)
    async_reach = AiohttpUpstream(answer_seconds=TIMEOUT_SECONDS[1])
    async_store = AsyncStore(settings.data / "async.db")
    run = AsyncRun(table, async_reach, results or EdgeResults(aws), rng)
    queue = AsyncQueue(async_store, table, run, cloudwatch.saw_async)
    invocation = Invocation(authenticator, dispatcher, containers, metrics, observers)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with reach, async_reach, edge:
            queue.start()
            flusher = asyncio.create_task(flushing.run())
            yield
            await queue.close()
            await observers.settle()
            flusher.cancel()
            await flushing.finish()
        async_store.close()
        credential_store.close()
        store.close()

    async def prometheus(request: Request) -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    async def flush(request: Request) -> Response:
        await flushing.flush(everything=True)
        return Response(status_code=204)

    other = Starlette(
        routes=[
            Route("/health", _health),
            Route("/metrics", prometheus),
            Route("/_obsiverse/flush", flush, methods=["POST"]),
            *RoutesAdmin(table).paths(),
        ],
        lifespan=lifespan,
        exception_handlers={404: _unknown_operation, 405: _unknown_operation, Exception: _internal_failure},
    )
    operations: dict[str, ASGIApp] = {
        "invocations": invocation,
        "async-invocations": AsyncInvocation(authenticator, table, queue, metrics),
        "invocations-response-stream": StreamInvocation(invocation, dispatcher, containers, reach, observers),
    }
    return DataPlane(operations, other)


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
