"""CloudWatch Logs: its operations, and what they need while the service runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self, cast

import structlog
from obsiverse_dataplane.authentication import Authenticator
from obsiverse_dataplane.credentials import Credentials
from obsiverse_dataplane.errors import AwsError
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from obsiverse_telemetry.insights.queries import Queries
from obsiverse_telemetry.logs import log_events, log_group, new_events, otlp_logs
from obsiverse_telemetry.logs.errors import MEDIA_TYPE, SerializationException, UnknownOperationException, answer
from obsiverse_telemetry.logs.request import Request
from obsiverse_telemetry.logs.store import LogStore
from obsiverse_telemetry.settings import Settings
from obsiverse_telemetry.signed import read_signed

SERVICE = "logs"
"""What credentials are scoped to."""
TARGET = "Logs_20140328."
# 10,000 events of 1 MiB in all, each character escaped, and the members' names.
BODY_MAX = 8 << 20  # bytes
PURGE_SECONDS = 3600.0

Operation = Callable[[LogStore, Request], dict[str, Any] | None]
OPERATIONS: dict[str, Operation] = {
    "CreateLogGroup": log_group.create_log_group,
    "CreateLogStream": log_group.create_log_stream,
    "DeleteLogGroup": log_group.delete_log_group,
    "DeleteLogStream": log_group.delete_log_stream,
    "DeleteRetentionPolicy": log_group.delete_retention_policy,
    "DescribeLogStreams": log_group.describe_log_streams,
    "FilterLogEvents": log_events.filter_log_events,
    "GetLogEvents": log_events.get_log_events,
    "ObsiverseNewEvents": new_events.new_events,
    "PutLogEvents": log_events.put_log_events,
    "PutRetentionPolicy": log_group.put_retention_policy,
    "TestMetricFilter": log_events.test_metric_filter,
}
_log = structlog.get_logger()


class Logs:
    """See `obsiverse_telemetry.plane.Plane`."""

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self._path = settings.data / "logs.db"
        self._authenticator = Authenticator(credentials, SERVICE)
        self._operations = dict(OPERATIONS)
        self.routes: list[BaseRoute] = [
            Route("/", self._call, methods=["POST"]),
            Route("/v1/logs", self._take_otlp, methods=["POST"]),
        ]

    async def __aenter__(self) -> Self:
        self._store = LogStore(self._path)
        self._queries = Queries(self._store)
        self._operations |= self._queries.operations
        self._purging = asyncio.create_task(self._purge())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._purging.cancel()
        await asyncio.to_thread(self._queries.close)
        await asyncio.to_thread(self._store.close)

    async def _purge(self) -> None:
        while True:
            await asyncio.to_thread(self._store.purge)
            await asyncio.sleep(PURGE_SECONDS)

    async def _take_otlp(self, http: HttpRequest) -> Response:
        return await otlp_logs.take(http, self._authenticator, self._store)

    async def _call(self, http: HttpRequest) -> Response:
        try:
            return await self._answer(http)
        except AwsError as error:
            return answer(error)

    async def _answer(self, http: HttpRequest) -> Response:
        name = http.headers.get("x-amz-target", "").removeprefix(TARGET)
        operation = self._operations.get(name)
        if operation is None:
            raise UnknownOperationException(f"'{name}' is not an operation of this data plane.")
        caller, body = await read_signed(http, self._authenticator, BODY_MAX)
        request = Request(caller.account, caller.region, _members(body))
        result = await asyncio.to_thread(operation, self._store, request)
        return Response(b"" if result is None else json.dumps(result), media_type=MEDIA_TYPE)


def _members(body: bytes) -> dict[str, Any]:
    try:
        members: Any = json.loads(body or b"{}")
    except ValueError:
        raise SerializationException("The body is not JSON.") from None
    if not isinstance(members, dict):
        raise SerializationException("The body is not a JSON object.")
    return cast("dict[str, Any]", members)
