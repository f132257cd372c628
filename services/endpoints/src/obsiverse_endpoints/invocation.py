"""InvokeEndpoint: POST /endpoints/{EndpointName}/invocations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

from obsiverse_dataplane.authentication import Authenticator
from obsiverse_dataplane.claims import refuse_unsigned
from obsiverse_dataplane.errors import AwsError
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from obsiverse_endpoints.containers import Containers
from obsiverse_endpoints.dispatch import Dispatcher
from obsiverse_endpoints.errors import ModelError, PayloadTooLarge
from obsiverse_endpoints.exchange import Exchange, Outcome
from obsiverse_endpoints.headers import forwarded
from obsiverse_endpoints.metrics import Metrics
from obsiverse_endpoints.observers import Observers
from obsiverse_endpoints.routes import RouteKey
from obsiverse_endpoints.upstream import Answer

BODY_MAX = 6 * 1024 * 1024  # bytes


class Invocation:
    """The operation as an ASGI app."""

    def __init__(
        self,
        authenticator: Authenticator,
        dispatcher: Dispatcher,
        containers: Containers,
        metrics: Metrics,
        observers: Observers,
    ) -> None:
        self._authenticator = authenticator
        self._dispatcher = dispatcher
        self._containers = containers
        self._metrics = metrics
        self._observers = observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = Exchange(scope)
        answer: Answer | None = None
        try:
            await self.read(exchange, receive)
            answer = await self._dispatcher.run(exchange, lambda one: self._containers.ask(exchange, one))
            if not 200 <= answer.status < 300:
                raise ModelError(*exchange.key, answer.status, answer.body.decode("utf-8", "replace"))
            status, headers, body = 200, exchange.answer_headers(answer.headers), answer.body
        except AwsError as error:
            status, headers, body = error.status, error.headers(), error.body()
            if exchange.variant is None:
                self._metrics.rejected.labels(error.code).inc()
        except ClientDisconnect:
            return
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
        await send_answer(send, exchange, status, headers, body)

    async def read(self, exchange: Exchange, receive: Receive) -> None:
        """Take a request in: who calls, what is asked, and which variant it is for.

        Raises AwsError; ClientDisconnect where the body ends early.
        """
        refuse_unsigned(exchange.headers, exchange.query_string)
        # Before the route is looked up: while a slow body arrives, the route may change.
        exchange.body = await read_body(receive)
        caller = await self._authenticator.authenticate(
            "POST", exchange.raw_path, exchange.query_string, exchange.headers, exchange.body
        )
        exchange.key = RouteKey(caller.account, caller.region, exchange.endpoint)
        exchange.passed = forwarded(exchange.headers)
        self._dispatcher.choose(exchange)
        self._containers.check(exchange)


async def send_answer(
    send: Send, exchange: Exchange, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """Send an answer whose body is there."""
    headers.append((b"content-length", str(len(body)).encode()))
    headers.append((b"x-amzn-requestid", exchange.id.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_body(receive: Receive) -> bytes:
    """The request's body; raises PayloadTooLarge, and ClientDisconnect where it ends early."""
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        # A client that is cut off while it sends never sees the answer, so the rest is read and dropped.
        if size <= BODY_MAX:
            chunks.append(chunk)
        more = message.get("more_body", False)
    if size > BODY_MAX:
        raise PayloadTooLarge(BODY_MAX)
    return b"".join(chunks)
