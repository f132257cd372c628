"""The ASGI app: its health, and an error that AWS's clients understand for every call."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CODE = "UnknownOperationException"
MESSAGE = (
    "The data planes of Amazon Managed Service for Prometheus, X-Ray and CloudWatch Logs are not here yet. "
    "Metrics are in this stack's Prometheus; logs of jobs and endpoints are in CloudWatch Logs at the AWS edge."
)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def create_app() -> Starlette:
    """The service."""
    return Starlette(
        routes=[
            Route("/health", _health),
            Route("/{path:path}", _unknown_operation, methods=METHODS),
        ]
    )


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _unknown_operation(request: Request) -> Response:
    # X-Ray and AMP (rest-json) read the header, Logs (json 1.1) the body's __type.
    return JSONResponse({"__type": CODE, "message": MESSAGE}, 501, {"x-amzn-errortype": CODE})
