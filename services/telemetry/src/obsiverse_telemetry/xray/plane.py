"""X-Ray: its operations, and what they need while the service runs."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import AsyncExitStack
from typing import Any, Self, cast

import structlog
from obsiverse_dataplane.authentication import Authenticator
from obsiverse_dataplane.credentials import Credentials
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from obsiverse_telemetry import otlp
from obsiverse_telemetry.settings import Settings
from obsiverse_telemetry.signed import read_signed
from obsiverse_telemetry.xray.control import Control
from obsiverse_telemetry.xray.control import Settings as ControlSettings
from obsiverse_telemetry.xray.daemon import Daemon
from obsiverse_telemetry.xray.errors import InvalidRequestException
from obsiverse_telemetry.xray.intake import Intake
from obsiverse_telemetry.xray.otlp import BODY_MAX as OTLP_MAX
from obsiverse_telemetry.xray.otlp import Received, check, spans
from obsiverse_telemetry.xray.otlp_spans import stored
from obsiverse_telemetry.xray.request import Operation, Request
from obsiverse_telemetry.xray.sampling import Sampling
from obsiverse_telemetry.xray.segment import Stored
from obsiverse_telemetry.xray.span_log import SpanLog
from obsiverse_telemetry.xray.store import Owner, XRayStore
from obsiverse_telemetry.xray.traces import Traces, segments_of

SERVICE = "xray"
"""What credentials are scoped to."""
BODY_MAX = 4 << 20  # bytes
# What is sent compressed may be no longer than what it may be unpacked, and a client that is told so reads on.
OTLP_READ_MAX = OTLP_MAX + (1 << 20)
NO_DESTINATION = "The OTLP API is supported with CloudWatch Logs as a Trace Segment Destination"
_log = structlog.get_logger()


class XRay:
    """See `obsiverse_telemetry.plane.Plane`."""

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self._udp = settings.xray_daemon_address
        self._default = Owner(settings.account, settings.region)
        self._authenticator = Authenticator(credentials, SERVICE)
        self._store = XRayStore(settings.data / "xray.db", settings.trace_days)
        self._kept = ControlSettings(settings.data / "xray-control.db")
        self._span_log = SpanLog(settings.data / "logs.db", settings.trace_days)
        self._intake = Intake(self._store)
        self._control = Control(self._kept)
        self._running = AsyncExitStack()
        self._under_way: set[asyncio.Task[None]] = set()
        traces = Traces(self._store)
        operations: dict[str, Operation] = {
            **self._control.operations,
            **Sampling(self._kept).operations,
            "/Traces": traces.batch_get_traces,
            "/TraceSummaries": traces.get_trace_summaries,
            "/TraceGraph": traces.get_trace_graph,
            "/ServiceGraph": lambda one: traces.get_service_graph(one, self._control.expression_of(one)),
            "/TelemetryRecords": lambda _: {},
        }
        self._operations = operations
        self.routes: list[BaseRoute] = [
            Route("/v1/traces", self._take_otlp, methods=["POST"]),
            Route("/TraceSegments", self._put_segments, methods=["POST"]),
            Route("/_obsiverse/xray/{account}", self._forget, methods=["DELETE"]),
            *(Route(path, self._call, methods=["POST"]) for path in operations),
        ]

    async def __aenter__(self) -> Self:
        await self._running.enter_async_context(self._intake)
        if self._udp is not None:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(
                lambda: Daemon(self._take_datagram), local_addr=self._udp
            )
            self._running.callback(transport.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._running.aclose()
        for store in (self._store, self._kept, self._span_log):
            await asyncio.to_thread(store.close)

    async def _request(self, http: HttpRequest) -> Request:
        caller, body = await read_signed(http, self._authenticator, BODY_MAX)
        return Request(Owner(caller.account, caller.region), _members(body))

    async def _call(self, http: HttpRequest) -> Response:
        request = await self._request(http)
        return JSONResponse(await asyncio.to_thread(self._operations[http.url.path], request))

    async def _put_segments(self, http: HttpRequest) -> Response:
        request = await self._request(http)
        taken, unprocessed = segments_of(request)
        await self._intake.put(request.owner, taken)
        return JSONResponse({"UnprocessedTraceSegments": unprocessed})

    def _take_datagram(self, segment: Stored) -> None:
        task = asyncio.create_task(self._intake.put(self._default, [segment]))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _take_otlp(self, http: HttpRequest) -> Response:
        caller, body = await read_signed(http, self._authenticator, OTLP_READ_MAX)
        owner = Owner(caller.account, caller.region)
        kind = otlp.media_type(http)
        try:
            if not await asyncio.to_thread(self._control.takes_otlp, owner):
                raise otlp.Rejected(400, NO_DESTINATION)  # noqa: TRY301 - answered as the others
            encoding = http.headers.get("content-encoding", "").strip().lower()
            rejected, why = await self._keep(owner, body, kind, encoding)
        except otlp.Rejected as error:
            return otlp.refused(error, kind)
        partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message=why) if rejected else None
        return otlp.accepted(ExportTraceServiceResponse(partial_success=partial), kind)

    async def _keep(self, owner: Owner, body: bytes, kind: str, encoding: str) -> tuple[int, str]:
        """How many spans were not taken, and why."""

        def read() -> tuple[int, str, list[Received], list[Stored]]:
            unpacked = otlp.unpack(body, encoding, OTLP_MAX)
            received = list(spans(otlp.decode(unpacked, kind, ExportTraceServiceRequest)))
            taken, why = check(received)
            indexed = self._control.indexed(owner)
            documents = [stored(one) for one in taken if indexed(one.span.trace_id)]
            return len(received) - len(taken), why, taken, documents

        rejected, why, taken, documents = await asyncio.to_thread(read)
        await self._intake.put(owner, documents)
        if taken:
            try:
                await asyncio.to_thread(self._span_log.put, owner, taken)
            except sqlite3.Error as error:
                # They are kept as a trace: a client that sent them again would have them twice in the log.
                _log.error("spans are missing in the log group", exc_info=error)
        return rejected, why

    async def _forget(self, http: HttpRequest) -> Response:
        account = http.path_params["account"]
        await asyncio.to_thread(self._store.forget, account)
        await asyncio.to_thread(self._kept.forget, account)
        return JSONResponse({})


def _members(body: bytes) -> dict[str, Any]:
    try:
        members: Any = json.loads(body or b"{}")
    except ValueError:
        raise InvalidRequestException("The body is not JSON.") from None
    if not isinstance(members, dict):
        raise InvalidRequestException("The body is not a JSON object.")
    return cast("dict[str, Any]", members)
