"""From an exchange to the instance that answers it: the variant, the instance, and another where one is not there."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from time import perf_counter

import structlog
from obsiverse_dataplane.errors import AwsError, ServiceUnavailable

from obsiverse_endpoints.balancing import Fleet, Instance, Variant
from obsiverse_endpoints.errors import ModelError, ModelNotReadyException, ValidationError
from obsiverse_endpoints.exchange import Exchange
from obsiverse_endpoints.routes import RouteKey
from obsiverse_endpoints.sessions import Sessions
from obsiverse_endpoints.table import RouteTable
from obsiverse_endpoints.upstream import DisconnectedError, TimedOutError, UnreachableError, Upstream

TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)
DISCONNECTED = "An error occurred while handling request as the model process exited."

_log = structlog.get_logger()


class Dispatcher:
    """Chooses variants and instances. `rng` decides where chance does."""

    def __init__(self, table: RouteTable, upstream: Upstream, sessions: Sessions, rng: random.Random) -> None:
        self._table = table
        self._upstream = upstream
        self._sessions = sessions
        self._rng = rng

    def choose(self, exchange: Exchange) -> Variant:
        """Give an exchange its route and its variant; raises EndpointNotFound, ValidationError."""
        route = self._table[exchange.key]
        exchange.route = route.document
        target = exchange.asked("Target-Variant")
        if target is not None:
            variant = route.variants.get(target)
            if variant is None:
                raise ValidationError(f"Variant {target} of endpoint {exchange.endpoint} not found.")
        else:
            variant = route.choose(self._rng)
        if variant is None:
            raise ValidationError(
                f"No variant of endpoint {exchange.endpoint} has a weight above 0: name a TargetVariant."
            )
        exchange.variant = variant
        return variant

    async def run[T](self, exchange: Exchange, call: Callable[[Instance], Awaitable[T]]) -> T:
        """What `call` makes of an instance of the exchange's variant; of another where the first can't be reached.

        Raises the AwsError that stands for what went wrong.
        """
        variant = exchange.variant
        assert variant is not None
        tried: list[Instance] = []
        while True:
            instance = self._pick(exchange, variant, tried)
            if instance is None:
                raise _nothing_answers(exchange.key, variant)
            tried.append(instance)
            exchange.instance = instance.document.id
            began = perf_counter()
            instance.outstanding += 1
            try:
                return await call(instance)
            except UnreachableError as error:
                if instance.rest(perf_counter()):
                    _log.warning(
                        "instance unreachable",
                        **exchange.key._asdict(),
                        instance=instance.document.id,
                        error=str(error),
                    )
                # The route may have changed meanwhile, and its new instances are as good.
                variant = self._table[exchange.key].variants.get(variant.name, variant)
            except TimedOutError:
                raise ModelError(*exchange.key, 0, TIMED_OUT) from None
            except DisconnectedError as error:
                raise await self._disconnected(exchange.key, instance, error) from error
            finally:
                instance.outstanding -= 1
                exchange.model_seconds += perf_counter() - began

    def _pick(self, exchange: Exchange, variant: Variant, tried: list[Instance]) -> Instance | None:
        now = perf_counter()
        session = exchange.asked("Session-Id")
        if session is not None and not tried:
            kept = self._sessions.find(exchange.key, session)
            if kept in variant.instances:
                return kept
        return variant.pick(now, self._rng, tried, exchange.asked("Target-Model"))

    async def _disconnected(self, key: RouteKey, instance: Instance, error: DisconnectedError) -> AwsError:
        """What to say of a connection that ended early: a container that is still there did so itself."""
        _log.warning("instance disconnected", **key._asdict(), instance=instance.document.id, error=str(error))
        if all([await self._upstream.is_alive(url) for url in instance.urls.values()]):
            return ModelError(*key, 0, DISCONNECTED)
        instance.rest(perf_counter())
        return ServiceUnavailable(f"An instance of endpoint {key.endpoint} ended while it worked on the request.")

    def shadow(self, exchange: Exchange) -> tuple[str, Fleet] | None:
        """The shadow variant that gets a copy of an exchange, by chance."""
        variant = exchange.variant
        if variant is None or variant.shadow is None or variant.document.shadow is None:
            return None
        return (
            (variant.document.shadow.name, variant.shadow)
            if self._rng.random() < variant.document.shadow.share
            else None
        )


def _nothing_answers(key: RouteKey, variant: Variant) -> AwsError:
    if not variant.instances:
        return ModelNotReadyException(
            f"Variant {variant.name} of endpoint {key.endpoint} has no instance yet. Please try again later."
        )
    return ServiceUnavailable(f"No instance of variant {variant.name} of endpoint {key.endpoint} accepts connections.")
