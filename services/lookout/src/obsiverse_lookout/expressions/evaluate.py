"""Which expression a query is, what it needs, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from obsiverse_lookout.expressions import math_expression
from obsiverse_lookout.expressions.parser import variables
from obsiverse_lookout.expressions.reduce import classic, reduce, threshold
from obsiverse_lookout.expressions.resample import resample
from obsiverse_lookout.expressions.values import ExpressionError, Value, Values
from obsiverse_lookout.jsons import listing, mapping
from obsiverse_lookout.query.time_range import TimeRange

KINDS = ("math", "reduce", "threshold", "resample", "classic_conditions")


def needs(model: Mapping[str, Any]) -> list[str]:
    """The refIds that an expression computes with; raises ExpressionError for one that is not known."""
    kind = model.get("type")
    if kind == "classic_conditions":
        return [str(ref) for each in _conditions(model) for ref in listing(mapping(each.get("query")).get("params"))]
    if kind == "math":
        return variables(_text(model))
    if kind in KINDS:
        return [_text(model).strip().removeprefix("$").strip("{}")]
    raise ExpressionError(f"the expression {kind!r} is not known to Lookout; it knows {', '.join(KINDS)}")


def evaluate(model: Mapping[str, Any], known: Mapping[str, Values], over: TimeRange) -> list[Value]:
    """An expression's values; raises ExpressionError."""
    wanted = needs(model)
    missing = [ref_id for ref_id in wanted if ref_id not in known]
    if missing:
        raise ExpressionError(f"there is no query {missing[0]!r}, which the expression computes with")
    kind = model["type"]
    if kind == "math":
        return math_expression.compute(_text(model), known)
    if kind == "classic_conditions":
        return classic(_conditions(model), known)
    values = known[wanted[0]]
    if kind == "reduce":
        return reduce(values, str(model.get("reducer") or ""), mapping(model.get("settings")))
    if kind == "resample":
        down, up = str(model.get("downsampler") or "mean"), str(model.get("upsampler") or "fillna")
        return resample(values, str(model.get("window") or ""), down, up, over)
    conditions = _conditions(model)
    if len(conditions) != 1:
        raise ExpressionError("threshold needs exactly one condition")
    if conditions[0].get("unloadEvaluator"):
        raise ExpressionError("threshold with a recovery threshold (unloadEvaluator) is not known to Lookout")
    return threshold(values, mapping(conditions[0].get("evaluator")))


def _text(model: Mapping[str, Any]) -> str:
    text = model.get("expression")
    if not isinstance(text, str) or not text.strip():
        raise ExpressionError("the expression is empty")
    return text


def _conditions(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    conditions = model.get("conditions")
    if not isinstance(conditions, list) or not all(isinstance(each, dict) for each in cast("list[object]", conditions)):
        raise ExpressionError("conditions is not a list of objects")
    return cast("list[dict[str, Any]]", conditions)
