"""InvokeEndpointAsync: POST /endpoints/{EndpointName}/async-invocations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid

import structlog
from obsiverse_dataplane.authentication import Authenticator
from obsiverse_dataplane.claims import refuse_unsigned
from obsiverse_dataplane.errors import AwsError, ServiceUnavailable
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from obsiverse_endpoints.async_queue import AsyncQueue
from obsiverse_endpoints.async_request import AsyncRequest, read_request
from obsiverse_endpoints.invocation import read_body
from obsiverse_endpoints.metrics import Metrics
from obsiverse_endpoints.routes import RouteKey
from obsiverse_endpoints.table import RouteTable

_log = structlog.get_logger()


class AsyncInvocation:
    """The operation as an ASGI app."""

    def __init__(self, authenticator: Authenticator, table: RouteTable, queue: AsyncQueue, metrics: Metrics) -> None:
        self._authenticator = authenticator
        self._table = table
        self._queue = queue
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accept or refuse one request."""
        try:
            request = await self._accept(scope, receive)
            status, headers, body = 202, _locations(request), json.dumps({"InferenceId": request.inference_id}).encode()
        except AwsError as error:
            status, headers, body = error.status, error.headers(), error.body()
            self._metrics.rejected.labels(error.code).inc()
        except ClientDisconnect:
            return
        headers.append((b"content-length", str(len(body)).encode()))
        headers.append((b"x-amzn-requestid", str(uuid.uuid4()).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _accept(self, scope: Scope, receive: Receive) -> AsyncRequest:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        query: bytes = scope["query_string"]
        refuse_unsigned(headers, query)
        body = await read_body(receive)
        caller = await self._authenticator.authenticate("POST", scope["raw_path"], query, headers, body)
        key = RouteKey(caller.account, caller.region, scope["path_params"]["endpoint"])
        config = self._table[key].document.asynchronous
        request = read_request(headers, key, config, time.time())
        try:
            await self._queue.add(request)
        except sqlite3.Error as error:
            _log.error("asynchronous requests can't be written", error=str(error))
            raise ServiceUnavailable("The request was not kept, since the disk can't be written.") from error
        return request


def _locations(request: AsyncRequest) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", b"application/json"),
        (b"x-amzn-sagemaker-outputlocation", request.output.encode()),
    ]
    if request.failure is not None:
        headers.append((b"x-amzn-sagemaker-failurelocation", request.failure.encode()))
    return headers
