"""Reducers: a series to one number, and the conditions on numbers."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from obsiverse_lookout.expressions.values import ExpressionError, Number, Scalar, Series, Value, Values
from obsiverse_lookout.jsons import listing, mapping

REDUCERS: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": math.fsum,
    "mean": statistics.fmean,
    "avg": statistics.fmean,
    "min": min,
    "max": max,
    "count": len,
    "last": lambda values: values[-1],
    "median": statistics.median,
}
# How many parameters each kind of condition has.
EVALUATORS: dict[str, tuple[int, Callable[[float, float, float], bool]]] = {
    "gt": (1, lambda value, limit, _: value > limit),
    "lt": (1, lambda value, limit, _: value < limit),
    "eq": (1, lambda value, limit, _: value == limit),
    "ne": (1, lambda value, limit, _: value != limit),
    "gte": (1, lambda value, limit, _: value >= limit),
    "lte": (1, lambda value, limit, _: value <= limit),
    "within_range": (2, lambda value, low, high: low < value < high),
    "outside_range": (2, lambda value, low, high: value < low or value > high),
    "within_range_included": (2, lambda value, low, high: low <= value <= high),
    "outside_range_included": (2, lambda value, low, high: value <= low or value >= high),
}


def reduce(values: Values, reducer: str, settings: Mapping[str, Any]) -> list[Value]:
    """Each series as one number; raises ExpressionError.

    Args:
        settings: `mode`: "" makes of any missing number NaN, "dropNN" leaves those out, "replaceNN" puts
            `replaceWithValue` in their place.
    """
    if reducer not in REDUCERS:
        raise ExpressionError(f"the reducer {reducer!r} is not known; there are {', '.join(REDUCERS)}")
    mode, instead = settings.get("mode") or "", settings.get("replaceWithValue")
    if mode not in ("", "dropNN", "replaceNN"):
        raise ExpressionError(f"the mode {mode!r} of reduce is not known; there are dropNN and replaceNN")
    if mode == "replaceNN" and (not isinstance(instead, int | float) or isinstance(instead, bool)):
        raise ExpressionError("reduce with the mode replaceNN needs a number as replaceWithValue")
    return [_reduced(value, reducer, mode, cast("Number", instead)) for value in values]


def _reduced(value: Value, reducer: str, mode: str, instead: Number) -> Scalar:
    if isinstance(value, Scalar):
        return value
    numbers = [math.nan if each is None else each for each in value.values]
    if mode == "dropNN":
        numbers = [each for each in numbers if math.isfinite(each)]
    elif mode == "replaceNN" and instead is not None:
        numbers = [each if math.isfinite(each) else float(instead) for each in numbers]
    return Scalar(_number(numbers, reducer), value.labels)


def _number(numbers: Sequence[float], reducer: str) -> Number:
    if not numbers:
        return 0.0 if reducer in ("count", "sum") else None if reducer == "last" else math.nan
    if reducer not in ("count", "last") and any(math.isnan(each) for each in numbers):
        return math.nan
    try:
        return float(REDUCERS[reducer](numbers))
    except (OverflowError, ValueError):
        return math.nan


def threshold(values: Values, evaluator: Mapping[str, Any]) -> list[Value]:
    """1 for each number that meets a condition, 0 for the others; raises ExpressionError."""
    met = condition(evaluator)

    def tested(number: Number) -> Number:
        return None if number is None else float(met(number))

    return [
        Scalar(tested(value.value), value.labels)
        if isinstance(value, Scalar)
        else Series(value.times, [tested(each) for each in value.values], value.labels)
        for value in values
    ]


def condition(evaluator: Mapping[str, Any]) -> Callable[[float], bool]:
    """Whether a number meets a condition `{"type": "gt", "params": [5]}`; raises ExpressionError."""
    kind, parameters = str(evaluator.get("type")), listing(evaluator.get("params"))
    if kind not in EVALUATORS:
        raise ExpressionError(f"the condition {kind!r} is not known; there are {', '.join(EVALUATORS)}")
    count, met = EVALUATORS[kind]
    numbers = [each for each in parameters if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(numbers) < count:
        raise ExpressionError(f"the condition {kind} needs {count} number{'s' if count > 1 else ''} in params")
    low, high = sorted(map(float, numbers[:2])) if count == 2 else (float(numbers[0]), 0.0)
    return lambda value: met(value, low, high)


def classic(conditions: Sequence[Mapping[str, Any]], known: Mapping[str, Values]) -> list[Value]:
    """One number for all conditions together, 1 where they are met; raises ExpressionError."""
    firing, missing = False, True
    for index, each in enumerate(conditions):
        ref_id = str(next(iter(listing(mapping(each.get("query")).get("params"))), ""))
        if ref_id not in known:
            raise ExpressionError(f"there is no query {ref_id!r} for condition {index + 1}")
        reducer = str(mapping(each.get("reducer")).get("type") or "avg")
        evaluator = mapping(each.get("evaluator"))
        numbers = [value for value in reduce(known[ref_id], reducer, {"mode": "dropNN"}) if isinstance(value, Scalar)]
        present = [one.value for one in numbers if one.value is not None and not math.isnan(one.value)]
        if evaluator.get("type") == "no_value":
            met, absent = not present, False
        else:
            wanted = condition(evaluator)
            met, absent = any(wanted(number) for number in present), not present
        also = mapping(each.get("operator")).get("type") != "or"
        firing = met if index == 0 else firing and met if also else firing or met
        missing = missing and absent
    return [Scalar(None if missing and not firing else float(firing))]
