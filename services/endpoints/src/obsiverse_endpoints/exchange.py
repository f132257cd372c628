"""A request and its answer on their way through this service."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from time import perf_counter

from starlette.types import Scope

from obsiverse_endpoints.balancing import Variant
from obsiverse_endpoints.headers import RESPONSE_HEADERS
from obsiverse_endpoints.routes import RouteDocument, RouteKey
from obsiverse_endpoints.upstream import Answer

CUSTOM_ATTRIBUTES, INFERENCE_ID = "X-Amzn-SageMaker-Custom-Attributes", "X-Amzn-SageMaker-Inference-Id"


class Exchange:
    """What is known of a request so far.

    Attributes:
        began: perf_counter() when its head had arrived.
        headers: its headers by their names in lower case.
        raw_path: its path as it was sent.
        passed: those that the container gets.
        variant: the production variant that it is for; None until it has one.
        instance: the id of the one that was asked last; None until there was one.
        model_seconds: how long containers have taken for it.
    """

    __slots__ = (
        "began",
        "body",
        "endpoint",
        "headers",
        "id",
        "instance",
        "key",
        "model_seconds",
        "passed",
        "query_string",
        "raw_path",
        "route",
        "variant",
    )

    def __init__(self, scope: Scope) -> None:
        self.began = perf_counter()
        self.endpoint: str = scope["path_params"]["endpoint"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.raw_path: bytes = scope["raw_path"]
        self.query_string: bytes = scope["query_string"]
        self.id = str(uuid.uuid4())
        self.key: RouteKey
        self.route: RouteDocument
        self.body = b""
        self.passed: dict[str, str] = {}
        self.variant: Variant | None = None
        self.instance: str | None = None
        self.model_seconds = 0.0

    def asked(self, name: str) -> str | None:
        """The value of a header that is InvokeEndpoint's."""
        return self.passed.get(f"X-Amzn-SageMaker-{name}")

    def answer_headers(self, headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
        """The operation's response headers, and no others of the container's."""
        assert self.variant is not None
        found = [(b"x-amzn-invoked-production-variant", self.variant.name.encode())]
        for name, wire in RESPONSE_HEADERS:
            value = headers.get(name)
            if value is not None:
                found.append((wire, value.encode("utf-8", "surrogateescape")))
        return found


class Outcome:
    """What a variant made of an exchange, for those who count and keep it.

    Attributes:
        status: of the answer that the client got; for a shadow variant, would have got.
        answer: the container's; None where it gave none.
        overhead_seconds: what this service took.
        instance: the id of the one that was asked last; None where there was none.
        shadow: it is a shadow variant's, which no client saw.
    """

    __slots__ = (
        "answer",
        "exchange",
        "instance",
        "instances",
        "model_seconds",
        "overhead_seconds",
        "shadow",
        "status",
        "variant",
    )

    def __init__(
        self,
        exchange: Exchange,
        variant: str,
        status: int,
        answer: Answer | None,
        *,
        model_seconds: float,
        instances: int,
        instance: str | None,
        shadow: bool = False,
    ) -> None:
        self.exchange = exchange
        self.variant = variant
        self.status = status
        self.answer = answer
        self.model_seconds = model_seconds
        self.overhead_seconds = 0.0 if shadow else perf_counter() - exchange.began - model_seconds
        self.instances = instances
        self.instance = instance
        self.shadow = shadow
