"""InvokeEndpointWithResponseStream: POST /endpoints/{EndpointName}/invocations-response-stream.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from time import perf_counter

import structlog
from obsiverse_dataplane.errors import AwsError
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from obsiverse_endpoints import event_stream
from obsiverse_endpoints.balancing import Instance
from obsiverse_endpoints.containers import Containers
from obsiverse_endpoints.dispatch import DISCONNECTED, TIMED_OUT, Dispatcher
from obsiverse_endpoints.errors import ModelError
from obsiverse_endpoints.exchange import Exchange, Outcome
from obsiverse_endpoints.invocation import Invocation, send_answer
from obsiverse_endpoints.observers import Observers
from obsiverse_endpoints.upstream import Answer, Stream, TimedOutError, Upstream, UpstreamError

_log = structlog.get_logger()
# The operation's response headers are other ones than InvokeEndpoint's: these are their ends.
_RENAMED = {
    b"content-type": b"x-amzn-sagemaker-content-type",
    b"x-amzn-invoked-production-variant": b"x-amzn-invoked-production-variant",
    b"x-amzn-sagemaker-custom-attributes": b"x-amzn-sagemaker-custom-attributes",
}


class StreamInvocation:
    """The operation as an ASGI app: what the container sends is passed on as it comes."""

    def __init__(
        self,
        invocation: Invocation,
        dispatcher: Dispatcher,
        containers: Containers,
        upstream: Upstream,
        observers: Observers,
    ) -> None:
        self._invocation = invocation
        self._dispatcher = dispatcher
        self._containers = containers
        self._upstream = upstream
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = Exchange(scope)
        async with AsyncExitStack() as stack:
            try:
                await self._invocation.read(exchange, receive)
                instance, stream = await self._dispatcher.run(exchange, lambda one: self._open(exchange, one, stack))
                if not 200 <= stream.status < 300:
                    raise ModelError(*exchange.key, stream.status, (await stream.read()).decode("utf-8", "replace"))
            except AwsError as error:
                self._observe(exchange, error.status, None)
                await send_answer(send, exchange, error.status, error.headers(), error.body())
                return
            except ClientDisconnect:
                return
            await self._pass_on(exchange, instance, stream, send)

    async def _open(self, exchange: Exchange, instance: Instance, stack: AsyncExitStack) -> tuple[Instance, Stream]:
        url = (await self._containers.urls(exchange, instance))[-1]
        return instance, await stack.enter_async_context(self._upstream.stream(url, exchange.body, exchange.passed))

    async def _pass_on(self, exchange: Exchange, instance: Instance, stream: Stream, send: Send) -> None:
        headers = [
            (_RENAMED[name], value) for name, value in exchange.answer_headers(stream.headers) if name in _RENAMED
        ]
        headers.append((b"content-type", event_stream.CONTENT_TYPE.encode()))
        headers.append((b"x-amzn-requestid", exchange.id.encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        began, parts, failure = perf_counter(), list[bytes](), b""
        instance.outstanding += 1
        try:
            async for chunk in stream.chunks():
                parts.append(chunk)
                message = event_stream.payload_part(chunk)
                await send({"type": "http.response.body", "body": message, "more_body": True})
        except UpstreamError as error:
            _log.warning("stream broken off", **exchange.key._asdict(), error=str(error))
            message = TIMED_OUT if isinstance(error, TimedOutError) else DISCONNECTED
            failure = event_stream.exception(
                "ModelStreamError", {"Message": message, "ErrorCode": "ModelInvocationError"}
            )
        finally:
            instance.outstanding -= 1
            exchange.model_seconds += perf_counter() - began
        await send({"type": "http.response.body", "body": failure})
        answer = None if failure else Answer(stream.status, stream.headers, b"".join(parts))
        self._observe(exchange, 424 if failure else 200, answer)

    def _observe(self, exchange: Exchange, status: int, answer: Answer | None) -> None:
        if exchange.variant is not None:
            self._observers.saw(
                Outcome(
                    exchange,
                    exchange.variant.name,
                    status,
                    answer,
                    model_seconds=exchange.model_seconds,
                    instances=len(exchange.variant.instances),
                    instance=exchange.instance,
                )
            )
