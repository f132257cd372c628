"""One asynchronous request's way: its input, the model, its output, its notification."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable

import structlog

from obsiverse_endpoints.async_messages import Outcome, notification
from obsiverse_endpoints.async_request import AsyncRequest
from obsiverse_endpoints.async_results import AwayError, RefusedError, Results
from obsiverse_endpoints.balancing import Instance
from obsiverse_endpoints.containers import through
from obsiverse_endpoints.table import RouteTable
from obsiverse_endpoints.upstream import Answer, DisconnectedError, TimedOutError, UnreachableError, Upstream

AGAIN_SECONDS = 0.5, 30.0  # the first wait for S3 or SNS that are away, and the longest

_log = structlog.get_logger()


class NoInstanceError(Exception):
    """No instance took the request, so it may be given to one later."""


class AsyncRun:
    """Does requests. `upstream` must allow for the longest timeout, `rng` chooses variants."""

    def __init__(self, table: RouteTable, upstream: Upstream, results: Results, rng: random.Random) -> None:
        self._table = table
        self._upstream = upstream
        self._results = results
        self._rng = rng

    async def invoke(self, request: AsyncRequest) -> Outcome:
        """Input, model and output; raises NoInstanceError, and EndpointNotFound where it was deleted."""
        try:
            body = await _persist(lambda: self._results.fetch(request.key, request.input))
        except RefusedError as error:
            return Outcome("Failed", f"ClientError: Failed to download input from {request.input}: {error}")
        try:
            async with asyncio.timeout(request.timeout):
                answer = await self._ask(request, body)
        except (TimeoutError, TimedOutError):
            return await self._failed(
                request, f"ClientError: Model did not answer within {request.timeout} seconds.", None
            )
        except DisconnectedError:
            return await self._failed(request, "InternalServerError: The model ended while it worked.", None)
        content_type = answer.headers.get("Content-Type")
        if not 200 <= answer.status < 300:
            side = "client" if answer.status < 500 else "server"
            reason = (
                f"ClientError: Received {side} error ({answer.status}) from model. "
                "See the SageMaker Endpoint logs in your account for more information."
            )
            return await self._failed(request, reason, answer)
        outcome = Outcome("Completed", None, content_type, answer.body, request.output)
        return await self._keep(request, outcome, request.output, answer.body)

    async def tell(self, request: AsyncRequest, outcome: Outcome) -> None:
        """Notify whom the endpoint's configuration names."""
        config = request.config
        topic = config.success_topic if outcome.status == "Completed" else config.error_topic
        if topic is None:
            return
        message = notification(request, outcome, time.time())
        try:
            await _persist(lambda: self._results.notify(request.key, topic, message))
        except RefusedError as error:
            _log.warning("nobody was notified", **request.key._asdict(), topic=topic, error=str(error))

    async def _ask(self, request: AsyncRequest, body: bytes) -> Answer:
        tried: list[Instance] = []
        variant = self._table[request.key].choose(self._rng)
        while variant is not None:
            instance = variant.pick(time.perf_counter(), self._rng, tried)
            if instance is None:
                break
            tried.append(instance)
            instance.outstanding += 1
            try:
                return await through(self._upstream, instance.invocation_urls, body, dict(request.headers))
            except UnreachableError:
                instance.rest(time.perf_counter())
            finally:
                instance.outstanding -= 1
        raise NoInstanceError(request.endpoint)

    async def _failed(self, request: AsyncRequest, reason: str, answer: Answer | None) -> Outcome:
        if answer is None:
            body, content_type = json.dumps({"message": reason}).encode(), "application/json"
        else:
            body, content_type = answer.body, answer.headers.get("Content-Type")
        outcome = Outcome("Failed", reason, content_type, answer.body if answer else None, request.failure)
        return await self._keep(request, outcome, request.failure, body)

    async def _keep(self, request: AsyncRequest, outcome: Outcome, uri: str | None, body: bytes) -> Outcome:
        if uri is None:
            return outcome
        keep = self._results.keep
        try:
            await _persist(lambda: keep(request.key, uri, body, outcome.content_type, request.config.kms_key))
        except RefusedError as error:
            reason = f"{outcome.reason or 'ClientError:'} Failed to upload {uri}: {error}"
            return outcome._replace(status="Failed", reason=reason, written=None)
        return outcome


async def _persist[T](call: Callable[[], Awaitable[T]]) -> T:
    """A call that is made again until S3 or SNS answers: the edge may be away for long, and the request stays."""
    wait, longest = AGAIN_SECONDS
    while True:
        try:
            return await call()
        except AwayError as error:
            _log.warning("asynchronous inference waits for the edge", error=str(error), seconds=wait)
        await asyncio.sleep(wait)
        wait = min(2 * wait, longest)
