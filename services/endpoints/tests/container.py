"""A container by SageMaker's contract, as small as one can be: it tells what it got, and misbehaves when told to.

A body `status N TEXT` is answered so, `sleep S` waits first, `exit` dies without an answer; anything else is echoed.
GET /held counts the requests that wait.
Run as `uvicorn container:app`, with its name in CONTAINER_NAME.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

waiting = 0


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer /ping and /invocations."""
    global waiting
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    status, answer = (
        200,
        json.dumps({"name": os.environ["CONTAINER_NAME"], "headers": _headers(scope), "size": len(body)}),
    )
    if scope["path"] == "/held":
        answer = str(waiting)
    words = body[:200].decode("latin-1").split(" ", 2)
    if words[0] == "status":
        status, answer = int(words[1]), words[2]
    elif words[0] == "sleep":
        waiting += 1
        await asyncio.sleep(float(words[1]))
        waiting -= 1
    elif words[0] == "exit":
        os._exit(1)
    headers = [
        (b"content-type", b"application/x-test"),
        (b"x-amzn-sagemaker-custom-attributes", b"answered=yes"),
        (b"x-amzn-sagemaker-new-session-id", b"s1; Expires=2030-01-01T00:00:00Z"),
        (b"x-secret", b"stays inside"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.encode()})


def _headers(scope: Any) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in scope.get("headers", [])}
