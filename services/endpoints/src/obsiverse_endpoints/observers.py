"""What happens with an exchange once it is answered: it is counted, captured, and copied to a shadow variant."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Protocol

import structlog
from obsiverse_dataplane.errors import AwsError

from obsiverse_endpoints.containers import Containers
from obsiverse_endpoints.dispatch import Dispatcher
from obsiverse_endpoints.exchange import Exchange, Outcome
from obsiverse_endpoints.upstream import UpstreamError

MAX_COPIES = 256
"""Copies under way; a shadow variant that is slower than its requests come misses some, and no client waits for it."""
_log = structlog.get_logger()


class Observer(Protocol):
    """Sees every outcome, and may not take long."""

    def saw(self, outcome: Outcome) -> None:
        """An outcome."""
        ...


class Observers:
    """All of them."""

    def __init__(self, dispatcher: Dispatcher, containers: Containers, *observers: Observer) -> None:
        self._dispatcher = dispatcher
        self._containers = containers
        self._observers = observers
        self._copies: set[asyncio.Task[None]] = set()

    def saw(self, outcome: Outcome) -> None:
        """Tell them, and copy the exchange to its shadow variant where it has one."""
        for observer in self._observers:
            observer.saw(outcome)
        if outcome.exchange.variant is not None and outcome.exchange.variant.shadow is not None:
            self._copy(outcome.exchange)

    def _copy(self, exchange: Exchange) -> None:
        if len(self._copies) < MAX_COPIES:
            copy = asyncio.create_task(self._ask_shadow(exchange))
            self._copies.add(copy)
            copy.add_done_callback(self._copies.discard)

    async def _ask_shadow(self, exchange: Exchange) -> None:
        chosen = self._dispatcher.shadow(exchange)
        if chosen is None:
            return
        name, fleet = chosen
        instance = fleet.pick(perf_counter())
        if instance is None:
            return
        began = perf_counter()
        instance.outstanding += 1
        answer = None
        try:
            answer = await self._containers.ask(exchange, instance)
        except (UpstreamError, AwsError) as error:
            _log.warning("shadow variant gives no answer", **exchange.key._asdict(), variant=name, error=str(error))
        finally:
            instance.outstanding -= 1
        status = answer.status if answer is not None else 500
        outcome = Outcome(
            exchange,
            name,
            status,
            answer,
            model_seconds=perf_counter() - began,
            instances=len(fleet.instances),
            instance=instance.document.id,
            shadow=True,
        )
        for observer in self._observers:
            observer.saw(outcome)

    async def settle(self) -> None:
        """Wait for the copies under way."""
        if self._copies:
            await asyncio.wait(self._copies)
