"""The ASGI app."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from obsiverse_traffic.invoker import Invoker
from obsiverse_traffic.plan import PlanFile
from obsiverse_traffic.replay import Replay
from obsiverse_traffic.settings import AwsSettings, Settings
from obsiverse_traffic.source import SourceError, load
from obsiverse_traffic.stats import Stats

_FIELDS = TypeAdapter(dict[str, Any])
_log = structlog.get_logger()


def create_app(settings: Settings, aws: AwsSettings) -> Starlette:
    """The service; raises pydantic.ValidationError where the plan on disk can't be read."""
    api = _Api(settings, aws)
    return Starlette(
        routes=[
            Route("/", api.status),
            Route("/health", api.health),
            Route("/traffic", api.get_traffic, methods=["GET"]),
            Route("/traffic", api.put_traffic, methods=["PUT"]),
            Route("/stats", api.stats),
            Route("/metrics", api.metrics),
        ],
        lifespan=api.lifespan,
    )


class _Api:
    def __init__(self, settings: Settings, aws: AwsSettings) -> None:
        self._file = PlanFile(settings.data / "traffic.json")
        self._stats = Stats()
        self._invoker = Invoker(aws, settings.concurrency)
        self._replay = Replay(self._file.read(), self._invoker, self._stats, settings.concurrency)
        self._changing = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncGenerator[None]:
        """Replay while the server serves."""
        async with self._invoker:
            self._running = asyncio.create_task(self._replay.run())
            yield
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def health(self, request: Request) -> Response:
        """200 while the schedule runs; 503 where it broke, so that the service is started again."""
        if self._running is None or self._running.done():
            return JSONResponse({"status": "the schedule ended; the log has its trace"}, 503)
        return JSONResponse({"status": "ok"})

    async def status(self, request: Request) -> Response:
        """What goes on, in short."""
        plan = self._replay.plan
        return JSONResponse(
            {
                "service": "traffic",
                "running": plan.running,
                "endpoint": plan.endpoint,
                "rate": plan.rate,
                "rows": self._replay.rows,
                "source_error": self._replay.source_error,
                "stats": self._stats.snapshot(),
            }
        )

    async def get_traffic(self, request: Request) -> Response:
        """The plan."""
        return JSONResponse(self._replay.plan.model_dump(mode="json"))

    async def put_traffic(self, request: Request) -> Response:
        """Change the fields named; on disk, and in effect, when this answers."""
        try:
            fields = _FIELDS.validate_json(await request.body())
        except ValidationError as error:
            return _error(400, "invalid_plan", error)
        async with self._changing:
            try:
                plan = self._replay.plan.changed(fields)
                rows: Sequence[str] | None = None
                # Named again it is read again: the object may be another one.
                if plan.source is not None and "source" in fields:
                    rows = await load(plan.source)
                self._file.write(plan)
            except ValidationError as error:
                return _error(400, "invalid_plan", error)
            except SourceError as error:
                return _error(400, "source_unreadable", error)
            except OSError as error:
                return _error(507, "store_failed", error)
            self._replay.apply(plan, rows)
        _log.info("plan changed", **plan.model_dump(exclude={"source"}), rows=self._replay.rows)
        return JSONResponse(plan.model_dump(mode="json"))

    async def stats(self, request: Request) -> Response:
        """Totals and latencies."""
        return JSONResponse(self._stats.snapshot())

    async def metrics(self, request: Request) -> Response:
        """The same for Prometheus."""
        return Response(generate_latest(self._stats.registry), media_type=CONTENT_TYPE_LATEST)


def _error(status: int, code: str, error: Exception) -> Response:
    return JSONResponse({"error": {"code": code, "message": str(error)}}, status)
