"""Statistics of one period of a metric, by the names that AWS gives them.

The names: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

NUMBER = r"\d+(?:\.\d+)?"
SHORT = re.compile(rf"(p|tm|wm|tc|ts)({NUMBER})", re.IGNORECASE)
RANGE = re.compile(rf"(PR|TM|WM|TC|TS)\(({NUMBER}%?)?:({NUMBER}%?)?\)", re.IGNORECASE)


class UnknownStatistic(ValueError):
    """No statistic has this name."""


class Weighted(NamedTuple):
    """A value, and how many times it was seen."""

    value: float
    count: float


class Bucket(NamedTuple):
    """What one period holds.

    Attributes:
        values: in ascending order; None where not asked for, or where a StatisticSet hides them.
    """

    sample_count: float
    sum: float
    minimum: float
    maximum: float
    values: list[Weighted] | None = None


@dataclass(frozen=True)
class Statistic:
    """How to get a number from a bucket.

    Attributes:
        needs_values: whether the bucket must come with its values.
        compute: None where the bucket has no such number.
    """

    needs_values: bool
    compute: Callable[[Bucket], float | None]


SIMPLE = {
    "SampleCount": Statistic(False, lambda bucket: bucket.sample_count),
    "Sum": Statistic(False, lambda bucket: bucket.sum),
    "Minimum": Statistic(False, lambda bucket: bucket.minimum),
    "Maximum": Statistic(False, lambda bucket: bucket.maximum),
    "Average": Statistic(False, lambda bucket: bucket.sum / bucket.sample_count if bucket.sample_count else None),
}


@dataclass(frozen=True)
class _Range:
    """Which values count: those above one bound and up to the other.

    Attributes:
        percent: whether the bounds are shares of the number of values and not values.
    """

    low: float
    high: float
    percent: bool

    def split(self, values: list[Weighted]) -> tuple[list[Weighted], list[Weighted], list[Weighted]]:
        """The values below, within and above."""
        return self._by_rank(values) if self.percent else self._by_value(values)

    def _by_value(self, values: list[Weighted]) -> tuple[list[Weighted], list[Weighted], list[Weighted]]:
        below = [one for one in values if one.value <= self.low]
        above = [one for one in values if one.value > self.high]
        return below, values[len(below) : len(values) - len(above)], above

    def _by_rank(self, values: list[Weighted]) -> tuple[list[Weighted], list[Weighted], list[Weighted]]:
        sides: tuple[list[Weighted], list[Weighted], list[Weighted]] = ([], [], [])
        total = sum(count for _, count in values)
        first, last = rank(total, self.low), rank(total, self.high)
        seen = 0.0
        for value, count in values:
            until, seen = seen, seen + count
            parts = min(seen, first) - until, min(seen, last) - max(until, first), seen - max(until, last)
            for side, part in zip(sides, parts, strict=True):
                if part > 0:
                    side.append(Weighted(value, part))
        return sides


@lru_cache(maxsize=256)
def statistic(name: str) -> Statistic:
    """The statistic of this name.

    Raises UnknownStatistic.
    """
    if name in SIMPLE:
        return SIMPLE[name]
    if name.upper() == "IQM":
        return _trimmed("TM", _Range(25, 75, percent=True))
    if found := SHORT.fullmatch(name):
        kind, high = found[1].upper(), float(found[2])
        if high <= 100:
            if kind == "P":
                return _of_values(lambda values: percentile(values, high))
            # wm98 caps the highest 2 %, and leaves the lowest as they are.
            return _trimmed(kind, _Range(0, high, percent=True))
    if (found := RANGE.fullmatch(name)) and (bounds := _bounds(found[2], found[3])):
        kind = found[1].upper()
        if not (kind == "PR" and bounds.percent):
            return _trimmed(kind, bounds)
    raise UnknownStatistic(f"There is no statistic {name}.")


def percentile(values: list[Weighted], percent: float) -> float:
    """The least value that so many percent of the values don't exceed, which is always one that was seen."""
    wanted = rank(sum(count for _, count in values), percent)
    seen = 0.0
    for value, count in values:
        seen += count
        if seen >= wanted:
            return value
    return values[-1].value


def rank(total: float, percent: float) -> float:
    """How many of so many values make up a share of them; a whole number, and not less than the share."""
    # Rounded first, since 7 % of 100 values are 7.000000000000001 in binary.
    return math.ceil(round(total * percent / 100, 9))


def _bounds(low: str | None, high: str | None) -> _Range | None:
    given = [bound for bound in (low, high) if bound]
    percent = {bound.endswith("%") for bound in given}
    if len(percent) != 1:
        return None
    is_percent = percent.pop()
    lowest, highest = (0.0, 100.0) if is_percent else (-math.inf, math.inf)
    bounds = _Range(
        float(low.rstrip("%")) if low else lowest, float(high.rstrip("%")) if high else highest, percent=is_percent
    )
    return bounds if bounds.low < bounds.high and (not is_percent or bounds.high <= 100) else None


def _of_values(compute: Callable[[list[Weighted]], float | None]) -> Statistic:
    return Statistic(True, lambda bucket: compute(bucket.values) if bucket.values else None)


def _trimmed(kind: str, bounds: _Range) -> Statistic:
    def count(values: list[Weighted]) -> float:
        return sum(part.count for part in values)

    def total(values: list[Weighted]) -> float:
        return sum(part.value * part.count for part in values)

    def mean(values: list[Weighted]) -> float | None:
        _, within, _ = bounds.split(values)
        return total(within) / count(within) if within else None

    def winsorized(values: list[Weighted]) -> float | None:
        below, within, above = bounds.split(values)
        if not within:
            return None
        low, high = (within[0].value, within[-1].value) if bounds.percent else (bounds.low, bounds.high)
        # An open bound is infinite, and then no value lies beyond it.
        capped = total(within) + (count(below) * low if below else 0) + (count(above) * high if above else 0)
        return capped / count(values)

    return _of_values(
        {
            "TM": mean,
            "WM": winsorized,
            "TC": lambda values: count(bounds.split(values)[1]),
            "TS": lambda values: total(bounds.split(values)[1]),
            "PR": lambda values: 100 * count(bounds.split(values)[1]) / count(values),
        }[kind]
    )
