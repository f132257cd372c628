"""Expressions: what they compute, and that no text makes them fail otherwise than by saying so."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_lookout.expressions.evaluate import evaluate
from obsiverse_lookout.expressions.math_expression import compute
from obsiverse_lookout.expressions.values import ExpressionError, Scalar, Series, Value, of_frames, to_frames
from obsiverse_lookout.query.frames import Field, Frame, encode
from obsiverse_lookout.query.time_range import TimeRange

OVER = TimeRange(0, 60_000)
A = [Series([0, 10_000, 20_000], [1.0, 2.0, 3.0], {"zone": "a"}), Series([0, 10_000], [10.0, 20.0], {"zone": "b"})]
B = [Scalar(2.0, {"zone": "a", "host": "x"}), Scalar(4.0, {"zone": "b", "host": "y"})]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-2 ** 2", -4),
        ("2 ** 3 ** 2", 512),
        ("7 % 4", 3),
        ("1 / 0", math.inf),
        ("-1 / 0", -math.inf),
        ("3 > 2 && 2 > 3", 0),
        ("3 > 2 || 2 > 3", 1),
        ("!0", 1),
        ("round(2.5) + floor(1.9) + ceil(0.1) + abs(-3)", 8),
        ("log(1)", 0),
        ("is_nan(nan()) + is_inf(inf()) + is_null(null()) + is_number(1)", 4),
        ("0x10 + 1e1", 26),
    ],
)
def test_math(text: str, expected: float) -> None:
    [found] = compute(text, {})
    assert isinstance(found, Scalar)
    assert found.value == expected


def test_values_meet_by_their_labels() -> None:
    made = compute("$A * ${B}", {"A": A, "B": B})
    assert [(value.labels, list(value.values)) for value in made if isinstance(value, Series)] == [
        ({"zone": "a", "host": "x"}, [2.0, 4.0, 6.0]),
        ({"zone": "b", "host": "y"}, [40.0, 80.0]),
    ]


def test_series_meet_at_their_common_times() -> None:
    [made] = compute("$A - $B", {"A": [A[0]], "B": [Series([10_000, 20_000, 30_000], [1, 1, 1], {})]})
    assert isinstance(made, Series)
    assert (list(made.times), list(made.values)) == ([10_000, 20_000], [1.0, 2.0])


@given(st.text(max_size=60))
def test_any_text_computes_or_says_why_not(text: str) -> None:
    try:
        assert all(isinstance(value, Scalar | Series) for value in compute(text, {"A": A, "B": B}))
    except ExpressionError as error:
        assert str(error)


@given(
    st.recursive(
        st.sampled_from(["$A", "$B", "2", "0", "nan()"]),
        lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["+", "/", "**", "%", "&&", ">="]), inner),
        max_leaves=8,
    )
)
def test_any_computation_ends_in_numbers(text: str) -> None:
    for value in compute(text, {"A": A, "B": B}):
        numbers = value.values if isinstance(value, Series) else [value.value]
        assert all(number is None or isinstance(number, float) for number in numbers)


@pytest.mark.parametrize("text", ["", "$", "1 +", "(1", "$C", "foo(1)", "abs 1", "1 2", "(" * 500 + "1" + ")" * 500])
def test_bad_math_says_why(text: str) -> None:
    with pytest.raises(ExpressionError):
        compute(text, {"A": A})


@pytest.mark.parametrize(
    ("reducer", "settings", "expected"),
    [
        ("sum", {}, math.nan),
        ("sum", {"mode": "dropNN"}, 4.0),
        ("mean", {"mode": "replaceNN", "replaceWithValue": 2}, 2.0),
        ("max", {"mode": "dropNN"}, 3.0),
        ("min", {"mode": "dropNN"}, 1.0),
        ("count", {}, 3.0),
        ("last", {}, 3.0),
        ("median", {"mode": "dropNN"}, 2.0),
    ],
)
def test_reduce(reducer: str, settings: dict[str, Any], expected: float) -> None:
    series = [Series([0, 1, 2], [1.0, None, 3.0])]
    [made] = evaluate(
        {"type": "reduce", "expression": "$A", "reducer": reducer, "settings": settings}, {"A": series}, OVER
    )
    assert isinstance(made, Scalar)
    assert made.value == expected or (made.value is not None and math.isnan(made.value) and math.isnan(expected))


@pytest.mark.parametrize(
    ("kind", "parameters", "expected"),
    [
        ("gt", [2], [0, 0, 1]),
        ("lt", [2], [1, 0, 0]),
        ("eq", [2], [0, 1, 0]),
        ("ne", [2], [1, 0, 1]),
        ("gte", [2], [0, 1, 1]),
        ("lte", [2], [1, 1, 0]),
        ("within_range", [1, 3], [0, 1, 0]),
        ("within_range_included", [3, 1], [1, 1, 1]),
        ("outside_range", [1, 2], [0, 0, 1]),
        ("outside_range_included", [1, 2], [1, 1, 1]),
    ],
)
def test_threshold(kind: str, parameters: list[float], expected: list[float]) -> None:
    numbers: list[Value] = [Scalar(1.0), Scalar(2.0), Scalar(3.0)]
    model = {
        "type": "threshold",
        "expression": "A",
        "conditions": [{"evaluator": {"type": kind, "params": parameters}}],
    }
    assert [value.value for value in evaluate(model, {"A": numbers}, OVER) if isinstance(value, Scalar)] == expected


def test_missing_number_is_neither_above_nor_below() -> None:
    model = {"type": "threshold", "expression": "A", "conditions": [{"evaluator": {"type": "gt", "params": [1]}}]}
    assert evaluate(model, {"A": [Scalar(None), Scalar(math.nan)]}, OVER) == [Scalar(None), Scalar(0.0)]


def test_classic_conditions_join_from_left_to_right() -> None:
    def one(operator: str, ref_id: str, limit: float) -> dict[str, Any]:
        return {
            "evaluator": {"type": "gt", "params": [limit]},
            "operator": {"type": operator},
            "query": {"params": [ref_id]},
            "reducer": {"type": "max"},
        }

    known = {"A": A, "B": B}
    model = {"type": "classic_conditions", "conditions": [one("and", "A", 15), one("and", "B", 99), one("or", "B", 3)]}
    assert evaluate(model, known, OVER) == [Scalar(1.0)]
    assert evaluate(
        {"type": "classic_conditions", "conditions": [one("and", "A", 15), one("and", "B", 99)]}, known, OVER
    ) == [Scalar(0.0)]
    assert evaluate({"type": "classic_conditions", "conditions": [one("and", "C", 1)]}, {"C": []}, OVER) == [
        Scalar(None)
    ]


def test_resample_fills_a_grid() -> None:
    model = {"type": "resample", "expression": "A", "window": "20s", "downsampler": "mean", "upsampler": "pad"}
    [made] = evaluate(model, {"A": [A[0]]}, OVER)
    assert isinstance(made, Series)
    assert list(made.times) == [0, 20_000, 40_000, 60_000]
    assert list(made.values) == [1.0, 2.5, 3.0, 3.0]


@pytest.mark.parametrize(
    "model",
    [
        {"type": "sql", "expression": "select 1"},
        {"type": "reduce", "expression": "A", "reducer": "mode"},
        {"type": "reduce", "expression": "A", "reducer": "sum", "settings": {"mode": "replaceNN"}},
        {"type": "reduce", "expression": ""},
        {"type": "reduce", "expression": "C", "reducer": "sum"},
        {"type": "threshold", "expression": "A", "conditions": []},
        {"type": "threshold", "expression": "A", "conditions": [{"evaluator": {"type": "gt", "params": []}}]},
        {"type": "threshold", "expression": "A", "conditions": [{"unloadEvaluator": {"type": "lt", "params": [1]}}]},
        {"type": "resample", "expression": "A", "window": "1ms"},
        {"type": "classic_conditions", "conditions": "x"},
    ],
)
def test_expression_that_is_not_known_says_so(model: dict[str, Any]) -> None:
    with pytest.raises(ExpressionError):
        evaluate(model, {"A": [Series([0], [1.0])] * 2}, TimeRange(0, 10**9))


def test_frames_become_values_and_frames_again() -> None:
    table = Frame("", [Field("host", "string", ["x", "y"]), Field("load", "number", [1.0, math.nan])])
    wide = Frame("", [Field("Time", "time", [1, 2]), Field("v", "number", [1.0, None], {"a": "b"})])
    values = of_frames(json.loads(encode([table, wide])))
    assert [value.labels for value in values] == [{"host": "x"}, {"host": "y"}, {"a": "b"}]
    again = of_frames(json.loads(encode(to_frames("R", values))))
    assert [value.labels for value in again] == [value.labels for value in values]
    assert again[2] == values[2]
    with pytest.raises(ExpressionError):
        of_frames(json.loads(encode([Frame("", [Field("host", "string", ["x"])])])))
