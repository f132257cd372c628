"""A container by SageMaker's contract, as small as one can be: it tells what it got, and misbehaves when told to.

A body `status N TEXT` is answered so, `sleep S` waits first, `exit` dies without an answer, `stream A B …` answers word by
word, `break A` dies after its first word; anything else is echoed. GET /held counts the requests that wait, GET /seen lists
the bodies that came. /models is a multi-model container's.
Run as `uvicorn container:app`, with its name in CONTAINER_NAME.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

waiting = 0
seen: list[str] = []
models: dict[str, str] = {}
MAX_MODELS = 2


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
    if scope["path"].startswith("/models"):
        status, answer = _models(scope["method"], scope["path"].split("/")[2:], body, answer)
    if scope["path"] == "/seen":
        answer = json.dumps(seen)
    if scope["path"] == "/invocations":
        seen.append(body[:200].decode("latin-1"))
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
    if words[0] in ("stream", "break"):
        for word in body.decode().split()[1:]:
            await send({"type": "http.response.body", "body": word.encode(), "more_body": True})
            await asyncio.sleep(0.05)
            if words[0] == "break":
                os._exit(1)
        answer = ""
    await send({"type": "http.response.body", "body": answer.encode()})


def _models(method: str, path: list[str], body: bytes, answer: str) -> tuple[int, str]:
    if method == "POST" and not path:
        asked = json.loads(body)
        if asked["model_name"] in models:
            return 409, ""
        if len(models) == MAX_MODELS:
            return 507, "no memory"
        models[asked["model_name"]] = asked["url"]
        return 200, ""
    if method == "DELETE":
        return (200, "") if models.pop(path[0], None) else (404, "")
    if path[1:] == ["invoke"]:
        return (200, json.dumps({**json.loads(answer), "model": models[path[0]]})) if path[0] in models else (404, "")
    return 200, json.dumps(models)


def _headers(scope: Any) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in scope.get("headers", [])}
