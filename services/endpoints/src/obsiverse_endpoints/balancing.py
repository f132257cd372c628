"""Which variant and which instance a request goes to."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Container, Iterable
from itertools import accumulate

from obsiverse_endpoints.routes import InstanceDocument, RouteDocument, VariantDocument

REST_SECONDS = 1.0  # how long an instance that refused a connection is asked last


class Instance:
    """An instance and the requests it holds now."""

    __slots__ = ("document", "invocations_url", "outstanding", "resting_until")

    def __init__(self, document: InstanceDocument) -> None:
        self.document = document
        self.invocations_url = f"{document.url}/invocations"
        self.outstanding = 0
        self.resting_until = 0.0

    def rest(self, now: float) -> bool:
        """Ask the others first for a while, as it refused a connection at `now` (monotonic seconds).

        False where it rested already.
        """
        news = now >= self.resting_until
        self.resting_until = now + REST_SECONDS
        return news


class Variant:
    """A variant's instances, chosen by least outstanding requests, in turn where they are equal."""

    __slots__ = ("_next", "instances", "name", "weight")

    def __init__(self, document: VariantDocument, instances: Iterable[Instance]) -> None:
        self.name = document.name
        self.weight = document.weight
        self.instances = tuple(instances)
        self._next = 0

    def pick(self, now: float, tried: Container[Instance] = ()) -> Instance | None:
        """The instance to ask at `now` (monotonic seconds); None where all have been tried."""
        count = len(self.instances)
        first = self._next
        self._next = (first + 1) % count if count else 0
        best: Instance | None = None
        for offset in range(count):
            candidate = self.instances[(first + offset) % count]
            if candidate in tried:
                continue
            if best is None or _load(candidate, now) < _load(best, now):
                best = candidate
        return best


def _load(instance: Instance, now: float) -> tuple[bool, int]:
    return now < instance.resting_until, instance.outstanding


class Route:
    """An endpoint's variants, chosen by weight."""

    __slots__ = ("_cumulative", "_total", "_weighted", "document", "variants")

    def __init__(self, document: RouteDocument, before: Route | None = None) -> None:
        """`before` is the route this one replaces: instances that stay keep count of what they hold."""
        self.document = document
        kept = {one.document: one for one in before.instances()} if before else {}
        self.variants = {
            variant.name: Variant(variant, [kept.get(one) or Instance(one) for one in variant.instances])
            for variant in document.variants
        }
        self._weighted = [variant for variant in self.variants.values() if variant.weight > 0]
        self._cumulative = list(accumulate(variant.weight for variant in self._weighted))
        self._total = self._cumulative[-1] if self._cumulative else 0.0

    def instances(self) -> Iterable[Instance]:
        """Every instance of every variant."""
        return (one for variant in self.variants.values() for one in variant.instances)

    def choose(self, rng: random.Random) -> Variant | None:
        """A variant, at random by weight; None where no variant has any."""
        if len(self._weighted) < 2:
            return self._weighted[0] if self._weighted else None
        position = bisect_right(self._cumulative, rng.random() * self._total)
        # Rounding can put the product on the total itself.
        return self._weighted[min(position, len(self._weighted) - 1)]
