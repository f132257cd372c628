"""Requests whose signature is checked before anything is made of them."""

from __future__ import annotations

from obsiverse_dataplane.authentication import Authenticator, Caller
from obsiverse_dataplane.errors import AwsError
from starlette.requests import Request
from starlette.responses import Response


async def read_signed(request: Request, authenticator: Authenticator, limit: int) -> tuple[Caller, bytes]:
    """Who calls, and the body.

    Args:
        limit: the most bytes that a body may have.

    Raises:
        PayloadTooLarge: it has more.
        AwsError: the signature does not hold.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        # A client that is cut off while it sends never sees the answer, so the rest is read and dropped.
        if size <= limit:
            parts.append(part)
    if size > limit:
        raise PayloadTooLarge(f"HTTP content length exceeded {limit} bytes.")
    body = b"".join(parts)
    scope = request.scope
    headers = dict(scope["headers"])
    caller = await authenticator.authenticate(request.method, scope["raw_path"], scope["query_string"], headers, body)
    return caller, body


def refusal(error: AwsError) -> Response:
    """The answer that an error stands for."""
    headers = {name.decode(): value.decode() for name, value in error.headers()}
    return Response(error.body(), error.status, headers)


class PayloadTooLarge(AwsError):
    """The body is over the limit."""

    status = 413
