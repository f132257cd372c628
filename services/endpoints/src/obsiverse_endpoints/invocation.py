"""InvokeEndpoint: POST /endpoints/{EndpointName}/invocations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import random
import uuid
from time import perf_counter

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from obsiverse_endpoints.authentication import Authenticator
from obsiverse_endpoints.balancing import Instance, Variant
from obsiverse_endpoints.claims import refuse_unsigned
from obsiverse_endpoints.errors import (
    AwsError,
    ModelError,
    ModelNotReadyException,
    PayloadTooLarge,
    ServiceUnavailable,
    ValidationError,
)
from obsiverse_endpoints.headers import RESPONSE_HEADERS, forwarded
from obsiverse_endpoints.metrics import Metrics, VariantMetrics
from obsiverse_endpoints.routes import RouteKey
from obsiverse_endpoints.table import RouteTable
from obsiverse_endpoints.upstream import Answer, DisconnectedError, TimedOutError, UnreachableError, Upstream

BODY_MAX = 6 * 1024 * 1024  # bytes
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)
DISCONNECTED = "An error occurred while handling request as the model process exited."

_log = structlog.get_logger()


class Invocation:
    """The operation as an ASGI app. `rng` chooses variants."""

    def __init__(
        self,
        authenticator: Authenticator,
        table: RouteTable,
        upstream: Upstream,
        metrics: Metrics,
        rng: random.Random,
    ) -> None:
        self._authenticator = authenticator
        self._table = table
        self._upstream = upstream
        self._metrics = metrics
        self._rng = rng

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = _Request(scope, began=perf_counter())
        try:
            answer = await self._invoke(request, receive)
            status, headers, body = 200, request.answer_headers(answer), answer.body
        except AwsError as error:
            status, headers, body = error.status, error.headers(), error.body()
            if request.series is None:
                self._metrics.rejected.labels(error.code).inc()
        except ClientDisconnect:
            return
        if request.series is not None:
            request.series.count(status)
            request.series.model_latency.observe(request.model_seconds)
            request.series.overhead_latency.observe(perf_counter() - request.began - request.model_seconds)
        headers.append((b"content-length", str(len(body)).encode()))
        headers.append((b"x-amzn-requestid", str(uuid.uuid4()).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _invoke(self, request: _Request, receive: Receive) -> Answer:
        refuse_unsigned(request.headers, request.query_string)
        # Before the route is looked up: while a slow body arrives, the route may change.
        body = await read_body(receive)
        caller = await self._authenticator.authenticate(
            "POST", request.raw_path, request.query_string, request.headers, body
        )
        key = RouteKey(caller.account, caller.region, request.endpoint)
        outgoing = forwarded(request.headers)
        variant = self._variant(key, outgoing.get("X-Amzn-SageMaker-Target-Variant"))
        request.variant, request.series = variant.name, self._metrics.variant(key, variant.name)
        answer = await self._ask(key, variant, request, body, outgoing)
        if not 200 <= answer.status < 300:
            raise ModelError(*key, answer.status, answer.body.decode("utf-8", "replace"))
        return answer

    def _variant(self, key: RouteKey, target: str | None) -> Variant:
        route = self._table[key]
        if target is not None:
            if target not in route.variants:
                raise ValidationError(f"Variant {target} of endpoint {key.endpoint} not found.")
            return route.variants[target]
        variant = route.choose(self._rng)
        if variant is None:
            raise ValidationError(f"No variant of endpoint {key.endpoint} has a weight above 0: name a TargetVariant.")
        return variant

    async def _ask(
        self, key: RouteKey, variant: Variant, request: _Request, body: bytes, headers: dict[str, str]
    ) -> Answer:
        tried: list[Instance] = []
        while True:
            instance = variant.pick(perf_counter(), tried)
            if instance is None:
                raise _nothing_answers(key, variant)
            tried.append(instance)
            began = perf_counter()
            instance.outstanding += 1
            try:
                return await self._upstream.post(instance.invocations_url, body, headers)
            except UnreachableError as error:
                if instance.rest(perf_counter()):
                    _log.warning(
                        "instance unreachable", **key._asdict(), instance=instance.document.id, error=str(error)
                    )
                # The route may have changed meanwhile, and its new instances are as good.
                variant = self._table[key].variants.get(variant.name, variant)
            except TimedOutError:
                raise ModelError(*key, 0, TIMED_OUT) from None
            except DisconnectedError as error:
                _log.warning("instance disconnected", **key._asdict(), instance=instance.document.id, error=str(error))
                raise ModelError(*key, 0, DISCONNECTED) from error
            finally:
                instance.outstanding -= 1
                request.model_seconds += perf_counter() - began


class _Request:
    """One request's way through."""

    __slots__ = ("began", "endpoint", "headers", "model_seconds", "query_string", "raw_path", "series", "variant")

    def __init__(self, scope: Scope, began: float) -> None:
        self.began = began
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.raw_path: bytes = scope["raw_path"]
        self.query_string: bytes = scope["query_string"]
        self.endpoint: str = scope["path_params"]["endpoint"]
        self.variant = ""
        self.series: VariantMetrics | None = None
        self.model_seconds = 0.0

    def answer_headers(self, answer: Answer) -> list[tuple[bytes, bytes]]:
        """The operation's response headers, and no others of the container's."""
        headers = [(b"x-amzn-invoked-production-variant", self.variant.encode())]
        for name, wire in RESPONSE_HEADERS:
            value = answer.headers.get(name)
            if value is not None:
                headers.append((wire, value.encode("utf-8", "surrogateescape")))
        return headers


def _nothing_answers(key: RouteKey, variant: Variant) -> AwsError:
    if not variant.instances:
        return ModelNotReadyException(
            f"Variant {variant.name} of endpoint {key.endpoint} has no instance yet. Please try again later."
        )
    return ServiceUnavailable(f"No instance of variant {variant.name} of endpoint {key.endpoint} accepts connections.")


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
