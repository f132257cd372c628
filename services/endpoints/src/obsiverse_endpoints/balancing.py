"""Which variant and which instance a request goes to."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Container, Iterable, Mapping
from itertools import accumulate

from obsiverse_endpoints.routes import InstanceDocument, RouteDocument, VariantDocument

REST_SECONDS = 1.0  # how long an instance that refused a connection is asked last


class Instance:
    """An instance and the requests it holds now."""

    __slots__ = ("__weakref__", "document", "invocation_urls", "models", "outstanding", "resting_until", "urls")

    def __init__(self, document: InstanceDocument) -> None:
        self.document = document
        self.urls = {container.hostname: container.url for container in document.containers}
        self.invocation_urls = [f"{url}/invocations" for url in self.urls.values()]
        self.models: OrderedDict[str, None] = OrderedDict()
        """Those that a multi-model container has loaded, the longest unused first."""
        self.outstanding = 0
        self.resting_until = 0.0

    def rest(self, now: float) -> bool:
        """Ask the others first for a while, as it refused a connection at `now` (monotonic seconds).

        False where it rested already.
        """
        news = now >= self.resting_until
        self.resting_until = now + REST_SECONDS
        return news


class Fleet:
    """Instances, chosen by least outstanding requests, in turn where they are equal."""

    __slots__ = ("_next", "instances")

    def __init__(self, instances: Iterable[Instance]) -> None:
        self.instances = tuple(instances)
        self._next = 0

    def pick(self, now: float, tried: Container[Instance] = (), model: str | None = None) -> Instance | None:
        """The instance to ask at `now` (monotonic seconds), of those that have `model` first; None where all have been tried."""
        count = len(self.instances)
        first = self._next
        self._next = (first + 1) % count if count else 0
        best: Instance | None = None
        for offset in range(count):
            candidate = self.instances[(first + offset) % count]
            if candidate in tried:
                continue
            if best is None or _load(candidate, now, model) < _load(best, now, model):
                best = candidate
        return best


def _load(instance: Instance, now: float, model: str | None) -> tuple[bool, bool, int]:
    return now < instance.resting_until, model is not None and model not in instance.models, instance.outstanding


class Variant:
    """A variant: its instances, those that an update brings, and a shadow."""

    __slots__ = ("_fleet", "_pending", "_share", "document", "name", "shadow", "weight")

    def __init__(self, document: VariantDocument, known: Mapping[InstanceDocument, Instance]) -> None:
        def fleet(instances: Iterable[InstanceDocument]) -> Fleet:
            return Fleet(known.get(one) or Instance(one) for one in instances)

        self.document = document
        self.name = document.name
        self.weight = document.weight
        self._fleet = fleet(document.instances)
        self._pending = fleet(document.pending.instances) if document.pending else None
        self._share = document.pending.share if document.pending else 0.0
        self.shadow = fleet(document.shadow.instances) if document.shadow else None

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All that answer its requests."""
        return self._fleet.instances + (self._pending.instances if self._pending else ())

    def pick(
        self, now: float, rng: random.Random, tried: Container[Instance] = (), model: str | None = None
    ) -> Instance | None:
        """The instance to ask at `now` (monotonic seconds); None where all have been tried."""
        if self._pending is None:
            return self._fleet.pick(now, tried, model)
        first, second = self._fleet, self._pending
        if rng.random() < self._share:
            first, second = second, first
        return first.pick(now, tried, model) or second.pick(now, tried, model)


class Route:
    """An endpoint's variants, chosen by weight."""

    __slots__ = ("_cumulative", "_total", "_weighted", "document", "variants")

    def __init__(self, document: RouteDocument, before: Route | None = None) -> None:
        """`before` is the route this one replaces: instances that stay keep count of what they hold."""
        self.document = document
        known = {one.document: one for one in before.instances()} if before else {}
        self.variants = {variant.name: Variant(variant, known) for variant in document.variants}
        self._weighted = [variant for variant in self.variants.values() if variant.weight > 0]
        self._cumulative = list(accumulate(variant.weight for variant in self._weighted))
        self._total = self._cumulative[-1] if self._cumulative else 0.0

    def instances(self) -> Iterable[Instance]:
        """Every instance of every variant and shadow."""
        for variant in self.variants.values():
            yield from variant.instances
            if variant.shadow is not None:
                yield from variant.shadow.instances

    def choose(self, rng: random.Random) -> Variant | None:
        """A variant, at random by weight; None where no variant has any."""
        if len(self._weighted) < 2:
            return self._weighted[0] if self._weighted else None
        position = bisect_right(self._cumulative, rng.random() * self._total)
        # Rounding can put the product on the total itself.
        return self._weighted[min(position, len(self._weighted) - 1)]
