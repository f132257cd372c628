"""An instance's containers: one, several in a row, one of several, or one that holds many models."""

from __future__ import annotations

from obsiverse_endpoints.balancing import Instance
from obsiverse_endpoints.errors import ValidationError
from obsiverse_endpoints.exchange import Exchange
from obsiverse_endpoints.multi_model import Models
from obsiverse_endpoints.sessions import Sessions
from obsiverse_endpoints.upstream import Answer, Upstream

OK, NO_MODEL = 200, 404


class Containers:
    """Asks them."""

    def __init__(self, upstream: Upstream, sessions: Sessions, models: Models) -> None:
        self._upstream = upstream
        self._sessions = sessions
        self._models = models

    def check(self, exchange: Exchange) -> None:
        """Raise ValidationError where an exchange names what its variant has not, or does not name what it must."""
        assert exchange.variant is not None
        document = exchange.variant.document
        if exchange.route.asynchronous is not None:
            raise ValidationError(f"Endpoint {exchange.endpoint} is asynchronous: invoke it with InvokeEndpointAsync.")
        host, model = exchange.asked("Target-Container-Hostname"), exchange.asked("Target-Model")
        if document.direct and host is None:
            raise ValidationError(
                f"Endpoint {exchange.endpoint} invokes its containers directly: TargetContainerHostname is required."
            )
        if host is not None and not document.direct:
            raise ValidationError(
                f"TargetContainerHostname is not supported: endpoint {exchange.endpoint} has no containers that are "
                "invoked directly."
            )
        if host is not None and any(host not in one.urls for one in exchange.variant.instances):
            raise ValidationError(f"Endpoint {exchange.endpoint} has no container {host}.")
        if document.multi_model and model is None:
            raise ValidationError(f"Endpoint {exchange.endpoint} is a multi-model endpoint: TargetModel is required.")
        if model is not None and not document.multi_model:
            raise ValidationError(
                f"Endpoint {exchange.endpoint} is not a multi-model endpoint and does not support target model header."
            )

    async def ask(self, exchange: Exchange, instance: Instance) -> Answer:
        """The answer of an instance.

        Raises UpstreamError, AwsError.
        """
        answer = await through(self._upstream, await self.urls(exchange, instance), exchange.body, exchange.passed)
        model = exchange.asked("Target-Model")
        if model is not None and answer.status == NO_MODEL:
            self._models.forget(instance, model)
            urls = await self.urls(exchange, instance)
            answer = await through(self._upstream, urls, exchange.body, exchange.passed)
        self._sessions.note(exchange.key, instance, answer.headers)
        return answer

    async def urls(self, exchange: Exchange, instance: Instance) -> list[str]:
        """Where an exchange is posted at an instance, one after the other."""
        model = exchange.asked("Target-Model")
        if model is not None:
            return [await self._models.url(exchange, instance, model)]
        host = exchange.asked("Target-Container-Hostname")
        if host is not None:
            return [f"{instance.urls[host]}/invocations"]
        return instance.invocation_urls


async def through(upstream: Upstream, urls: list[str], body: bytes, headers: dict[str, str]) -> Answer:
    """The last answer of containers in a row, each of which gets the one before; the first that is an error ends it.

    Raises UpstreamError.
    """
    first, *following = urls
    answer = await upstream.post(first, body, headers)
    for url in following:
        if answer.status != OK:
            break
        content_type = answer.headers.get("Content-Type")
        passed = {**headers, **({"Content-Type": content_type} if content_type else {})}
        answer = await upstream.post(url, answer.body, passed)
    return answer
