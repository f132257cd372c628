"""The ASGI app: the data planes, their health, and an error that AWS's clients understand for every other call."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from obsiverse_dataplane.credential_store import CredentialStore
from obsiverse_dataplane.credentials import Credentials
from obsiverse_dataplane.edge_credentials import EdgeCredentials
from obsiverse_dataplane.errors import AwsError, InternalFailure
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from obsiverse_telemetry.amp.plane import Amp
from obsiverse_telemetry.logs.plane import Logs
from obsiverse_telemetry.plane import Plane
from obsiverse_telemetry.settings import Settings
from obsiverse_telemetry.signed import refusal
from obsiverse_telemetry.xray.plane import XRay

CODE = "UnknownOperationException"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def create_app(settings: Settings) -> Starlette:
    """The service over the stores in `settings.data`; raises sqlite3.Error or OSError where they can't be used."""
    store = CredentialStore(settings.data / "credentials.db")
    edge = EdgeCredentials(settings.aws)
    credentials = Credentials(edge.ask, store)
    planes: list[Plane] = [one(settings, credentials) for one in (Amp, XRay, Logs)]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with AsyncExitStack() as running:
            running.callback(store.close)
            await running.enter_async_context(edge)
            for plane in planes:
                await running.enter_async_context(plane)
            yield

    return Starlette(
        routes=[
            Route("/health", _health),
            *(route for plane in planes for route in plane.routes),
            Route("/{path:path}", _unknown_operation, methods=METHODS),
        ],
        lifespan=lifespan,
        exception_handlers={AwsError: _refused, Exception: _internal_failure},
    )


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _unknown_operation(request: Request) -> Response:
    # X-Ray and AMP (rest-json) read the header, Logs (json 1.1) the body's __type.
    message = f"{request.method} {request.url.path} is not an operation of these data planes."
    return JSONResponse({"__type": CODE, "message": message}, 501, {"x-amzn-errortype": CODE})


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, AwsError)
    return refusal(error)


async def _internal_failure(request: Request, error: Exception) -> Response:
    return refusal(InternalFailure("An internal failure occurred; the log of telemetry has its trace."))
