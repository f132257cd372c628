"""Series of a metric's points, and the functions of metric math over numbers, series and arrays of series.

The functions: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from obsiverse_aws.cloudwatch.expression import ExpressionError

MOST_PERIODS = 100_800


@dataclass(frozen=True)
class Series:
    """Points by the second at which their period starts, in order.

    Attributes:
        grid: all the periods' starts that were asked for; its step is the period in seconds.
        properties: what ${PROP('...')} means in the label of one that a search found.
    """

    label: str
    grid: range
    points: dict[int, float]
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


Value = float | str | Series | list[Series]
Number = Callable[..., float]


def _elementwise(function: Number) -> Callable[..., Value]:
    """A function of numbers as one of series: points are where all series have some and the result is finite."""

    def lifted(*arguments: Value) -> Value:
        arrays = [argument for argument in arguments if isinstance(argument, list)]
        if len(arrays) > 1:
            raise TypeError("two arrays")
        if arrays:
            return [
                _one(replace(item, points=_points(lifted(*(item if one is arrays[0] else one for one in arguments)))))
                for item in arrays[0]
            ]
        series = [argument for argument in arguments if isinstance(argument, Series)]
        if not series:
            return _computed(function, *map(_number, arguments))
        points: dict[int, float] = {}
        for at in series[0].points:
            if all(at in one.points for one in series):
                numbers = (one.points[at] if isinstance(one, Series) else _number(one) for one in arguments)
                points[at] = _computed(function, *numbers)
        return replace(series[0], points=_finite(points))

    return lifted


def _mapped(function: Callable[..., Value]) -> Callable[..., Value]:
    """A function of one series, and of more arguments, as one of arrays too."""

    def mapped(value: Value, *more: Value) -> Value:
        if isinstance(value, list):
            return [_one(function(one, *more)) for one in value]
        return function(_one(value), *more)

    return mapped


def _reduced(function: Callable[[list[float]], float]) -> Callable[..., Value]:
    """A function of several numbers: of a series it is a number, of an array a series of what is there at each time."""

    def reduced(value: Value) -> Value:
        if not isinstance(value, list):
            points = list(_one(value).points.values())
            return _computed(function, points) if points else math.nan
        if not value:
            raise ExpressionError("There are no time series to combine")
        times = sorted({at for one in value for at in one.points})
        points = {at: _computed(function, [one.points[at] for one in value if at in one.points]) for at in times}
        return replace(value[0], points=_finite(points))

    return reduced


def _steps(function: Callable[[float, float], float]) -> Callable[[Series], Value]:
    """A function of the change and the seconds between each point and the one before."""

    def stepped(series: Series) -> Value:
        items = list(series.points.items())
        pairs = pairwise(items)
        points = {at: function(value - old, at - since) for (since, old), (at, value) in pairs}
        return replace(series, points=_finite(points))

    return stepped


def _if(condition: Value, then: Value, otherwise: Value | None = None) -> Value:
    """IF: where the condition is not 0, one value, elsewhere the other; no point where the one chosen has none."""
    if isinstance(condition, (list, str)):
        raise TypeError("condition")
    if not isinstance(condition, Series):
        chosen = then if condition else otherwise
        if chosen is None:
            raise ExpressionError("IF of a number needs a value for each case")
        return chosen
    points: dict[int, float] = {}
    for at, holds in condition.points.items():
        chosen = then if holds else otherwise
        if isinstance(chosen, Series):
            if at in chosen.points:
                points[at] = chosen.points[at]
        elif chosen is not None:
            points[at] = _number(chosen)
    return replace(condition, points=_finite(points))


def _fill(series: Series, filling: Value) -> Value:
    """FILL: a point in every period that has none, where the filling knows one."""
    if len(series.grid) > MOST_PERIODS:
        raise ExpressionError("FILL over too many periods")
    points: dict[int, float] = {}
    known = list(series.points.items())
    after = 0
    for at in series.grid:
        while after < len(known) and known[after][0] <= at:
            after += 1
        if at in series.points:
            points[at] = series.points[at]
        elif isinstance(filling, Series):
            if at in filling.points:
                points[at] = filling.points[at]
        elif filling == "REPEAT":
            if after:
                points[at] = known[after - 1][1]
        elif filling == "LINEAR":
            if 0 < after < len(known):
                (since, low), (until, high) = known[after - 1], known[after]
                points[at] = low + (high - low) * (at - since) / (until - since)
        else:
            points[at] = _number(filling)
    return replace(series, points=points)


def _calendar(part: Callable[[datetime], float]) -> Callable[[Series], Value]:
    """A function of the times of a series' points."""

    def of_times(series: Series) -> Value:
        return replace(series, points={at: float(part(datetime.fromtimestamp(at, UTC))) for at in series.points})

    return of_times


def _running_sum(series: Series) -> Value:
    total, points = 0.0, dict[int, float]()
    for at, value in series.points.items():
        points[at] = total = total + value
    return replace(series, points=_finite(points))


def _end(which: int) -> Callable[[Series], Value]:
    def end(series: Series) -> Value:
        values = list(series.points.values())
        return values[which] if values else math.nan

    return end


def _computed(function: Number, *arguments: Any) -> float:
    """A result; not a number where there is none, which no series keeps."""
    try:
        return float(function(*arguments))
    except (ArithmeticError, ValueError):
        return math.nan


def _one(value: Value) -> Series:
    if not isinstance(value, Series):
        raise TypeError("not a time series")
    return value


def _points(value: Value) -> dict[int, float]:
    return _one(value).points


def _number(value: Value) -> float:
    if not isinstance(value, (int, float)):
        raise TypeError("not a number")
    return value


def _finite(points: dict[int, float]) -> dict[int, float]:
    return {at: float(value) for at, value in points.items() if math.isfinite(value)}


FUNCTIONS: dict[str, tuple[int, int, Callable[..., Value]]] = {
    "+": (2, 2, _elementwise(operator.add)),
    "-": (2, 2, _elementwise(operator.sub)),
    "*": (2, 2, _elementwise(operator.mul)),
    "/": (2, 2, _elementwise(operator.truediv)),
    "^": (2, 2, _elementwise(math.pow)),
    "==": (2, 2, _elementwise(lambda one, other: float(one == other))),
    "!=": (2, 2, _elementwise(lambda one, other: float(one != other))),
    "<": (2, 2, _elementwise(lambda one, other: float(one < other))),
    "<=": (2, 2, _elementwise(lambda one, other: float(one <= other))),
    ">": (2, 2, _elementwise(lambda one, other: float(one > other))),
    ">=": (2, 2, _elementwise(lambda one, other: float(one >= other))),
    "AND": (2, 2, _elementwise(lambda one, other: float(bool(one and other)))),
    "OR": (2, 2, _elementwise(lambda one, other: float(bool(one or other)))),
    "ABS": (1, 1, _elementwise(math.fabs)),
    "CEIL": (1, 1, _elementwise(math.ceil)),
    "FLOOR": (1, 1, _elementwise(math.floor)),
    "LOG": (1, 1, _elementwise(math.log)),
    "LOG10": (1, 1, _elementwise(math.log10)),
    "SUM": (1, 1, _reduced(sum)),
    "AVG": (1, 1, _reduced(lambda numbers: sum(numbers) / len(numbers))),
    "MIN": (1, 1, _reduced(min)),
    "MAX": (1, 1, _reduced(max)),
    "STDDEV": (1, 1, _reduced(statistics.pstdev)),
    "DATAPOINT_COUNT": (1, 1, lambda series: float(len(_points(series)))),
    "FIRST": (1, 1, lambda series: _end(0)(_one(series))),
    "LAST": (1, 1, lambda series: _end(-1)(_one(series))),
    "PERIOD": (1, 1, lambda series: float(_one(series).grid.step)),
    "DIFF": (1, 1, _mapped(_steps(lambda change, _: change))),
    "DIFF_TIME": (1, 1, _mapped(_steps(lambda _, seconds: float(seconds)))),
    "RATE": (1, 1, _mapped(_steps(lambda change, seconds: change / seconds))),
    "MINUTE": (1, 1, _mapped(_calendar(lambda time: time.minute))),
    "HOUR": (1, 1, _mapped(_calendar(lambda time: time.hour))),
    "DAY": (1, 1, _mapped(_calendar(datetime.isoweekday))),
    "DATE": (1, 1, _mapped(_calendar(lambda time: time.day))),
    "MONTH": (1, 1, _mapped(_calendar(lambda time: time.month))),
    "YEAR": (1, 1, _mapped(_calendar(lambda time: time.year))),
    "EPOCH": (1, 1, _mapped(_calendar(datetime.timestamp))),
    "RUNNING_SUM": (1, 1, _mapped(_running_sum)),
    "FILL": (2, 2, _mapped(_fill)),
    "REMOVE_EMPTY": (1, 1, lambda value: [one for one in value if one.points] if isinstance(value, list) else value),
    "IF": (2, 3, _if),
}
