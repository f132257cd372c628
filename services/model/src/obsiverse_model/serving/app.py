"""The HTTP side of SageMaker's hosting contract: /ping, /invocations, and /metrics for Prometheus."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor

import structlog
from opentelemetry.trace import Span, Status, StatusCode
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from obsiverse_model.errors import Overloaded, RequestError
from obsiverse_model.serving import content
from obsiverse_model.serving.batching import Batcher, Done
from obsiverse_model.serving.handlers import Handlers
from obsiverse_model.serving.inference import Answer, Inference, Request
from obsiverse_model.serving.telemetry import Telemetry
from obsiverse_model.settings import Settings

_log = structlog.stdlib.get_logger()
_CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_UNAVAILABLE = 503
_ERROR = 500


class ModelServer:
    """Routes over a model that is still loading, or loaded, or could not be loaded.

    Args:
        load: loads the model; it takes as long as it takes.
        worker: one thread, the only one that `load` and handlers run in.
        failed: called with what `load` raised.
    """

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], Handlers],
        worker: Executor,
        telemetry: Telemetry,
        failed: Callable[[Exception], None],
    ) -> None:
        self._load_handlers = load
        self._worker = worker
        self._telemetry = telemetry
        self._failed = failed
        self._inference: Inference | None = None
        self._batcher = Batcher[tuple[Request, Span], Answer](
            self._run, settings.batch_size, settings.batch_delay / 1000, settings.queue_size
        )

    def app(self) -> Starlette:
        """The ASGI app."""
        return Starlette(
            routes=[
                Route("/ping", self.ping),
                Route("/invocations", self.invocations, methods=["POST"]),
                Route("/metrics", metrics),
            ],
            lifespan=self._lifespan,
        )

    async def ping(self, _request: HttpRequest) -> Response:
        """200 once the model is loaded, 503 before."""
        return Response(status_code=200 if self._inference else _UNAVAILABLE)

    async def invocations(self, request: HttpRequest) -> Response:
        """Answer an invocation; an error is JSON with code, type and message."""
        began = time.perf_counter()
        span = self._telemetry.invocation(request.headers.get(_CUSTOM_ATTRIBUTES))
        done: Done[Answer] | None = None
        try:
            if self._inference is None:
                raise Overloaded("the model is not loaded yet")  # noqa: TRY301 - counted as every other answer
            asked = Request(
                await request.body(),
                request.headers.get("content-type", content.JSON),
                request.headers.get("accept", "*/*"),
            )
            done = await self._batcher.submit((asked, span))
            if isinstance(done.value, Exception):
                raise done.value  # noqa: TRY301 - raised in the model's thread
            response = Response(done.value.body, media_type=done.value.content_type)
        except RequestError as error:
            response = self._refused(error, error.status, str(error))
        except HTTPException as error:
            # How user code says which status its caller is to see.
            response = self._refused(error, error.status_code, error.detail)
        except Exception as error:  # noqa: BLE001 - user code raises what it likes
            _log.error("the model failed", exc_info=error)
            span.record_exception(error)
            response = self._refused(error, _ERROR, str(error))
        status = response.status_code
        span.set_attribute("http.response.status_code", status)
        if done is not None:
            span.set_attributes({"model.batch.size": done.batch, "model.queue.duration": done.waited})
        if status >= _ERROR:
            span.set_status(Status(StatusCode.ERROR))
        span.end()
        self._telemetry.invoked(status, time.perf_counter() - began, done.waited if done else None)
        return response

    def _refused(self, error: Exception, status: int, message: str) -> Response:
        self._telemetry.failed(error)
        return JSONResponse({"code": status, "type": type(error).__name__, "message": message}, status)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncGenerator[None, None]:
        """Load the model, and answer invocations until the block ends; raises what loading raises."""
        self._inference = await self._loaded()
        async with self._batcher.running():
            yield

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncGenerator[None, None]:
        load = asyncio.create_task(self._load())
        try:
            async with self._batcher.running():
                yield
        finally:
            load.cancel()

    async def _load(self) -> None:
        try:
            self._inference = await self._loaded()
        except Exception as error:  # noqa: BLE001 - user code raises what it likes
            _log.error("the model can't be loaded", exc_info=error)
            self._failed(error)

    async def _loaded(self) -> Inference:
        handlers = await asyncio.get_running_loop().run_in_executor(self._worker, self._load_handlers)
        return Inference(handlers, self._telemetry.forwarded)

    async def _run(self, batch: list[tuple[Request, Span]]) -> list[Answer | Exception]:
        assert self._inference is not None
        requests = [request for request, _ in batch]
        span = self._telemetry.batch([invocation for _, invocation in batch])
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, self._inference.answer, requests)
        finally:
            span.end()


async def metrics(_request: HttpRequest) -> Response:
    """What is measured, in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
