"""Filter expressions: whatever is asked becomes SQL that SQLite runs, or an error with a position."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_telemetry.xray.errors import InvalidRequestException
from obsiverse_telemetry.xray.filter_expression import compile_filter
from obsiverse_telemetry.xray.schema import SCHEMA


@dataclass(frozen=True)
class Trace:
    """A trace as the tests make it."""

    fault: bool
    error: bool
    response_time: float
    url: str
    size: float | None


TRACES = st.builds(
    Trace,
    st.booleans(),
    st.booleans(),
    st.floats(0, 10).map(lambda one: round(one, 2)),
    st.text("ab\"\\/%_'", max_size=4),
    st.none() | st.integers(0, 5).map(float),
)
Case = tuple[str, Callable[[Trace], bool]]


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
STRINGS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "BEGINSWITH": str.startswith,
    "ENDSWITH": str.endswith,
    "CONTAINS": lambda a, b: b in a,
}


def leaf(draw: Any) -> Case:
    kind = draw(st.integers(0, 4))
    if kind == 0:
        return "fault", lambda one: one.fault
    if kind == 1:
        value = draw(st.booleans())
        return f"error = {str(value).lower()}", lambda one: one.error == value
    if kind == 2:
        operator, value = draw(st.sampled_from(sorted(NUMBERS))), round(draw(st.floats(0, 10)), 2)
        return f"responsetime {operator} {value}", lambda one: NUMBERS[operator](one.response_time, value)
    if kind == 3:
        operator, text = draw(st.sampled_from(sorted(STRINGS))), draw(st.text("ab\"\\/%_'", min_size=1, max_size=2))
        return f"http.url {operator} {quoted(text)}", lambda one: STRINGS[operator](one.url, text)
    operator, value = draw(st.sampled_from(sorted(NUMBERS))), float(draw(st.integers(0, 5)))
    return (
        f"annotation.size {operator} {value}",
        lambda one: one.size is not None and NUMBERS[operator](one.size, value),
    )


@st.composite
def cases(draw: Any, depth: int = 3) -> Case:
    """An expression, and what it means."""
    shape = draw(st.integers(0, 3)) if depth else 0
    if shape == 0:
        return leaf(draw)
    text, means = draw(cases(depth - 1))
    if shape == 1:
        return f"{draw(st.sampled_from(['!', 'NOT ']))}({text})", lambda one: not means(one)
    other, also = draw(cases(depth - 1))
    if shape == 2:
        return f"({text} AND {other})", lambda one: means(one) and also(one)
    return f"({text}) OR ({other})" if depth == 3 else f"(({text}) OR ({other}))", lambda one: means(one) or also(one)


def database(traces: list[Trace]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    for number, one in enumerate(traces, 1):
        connection.execute(
            "INSERT INTO traces (id, account, region, trace_id, start_time, end_time, indexed_at, duration, response_time, fault, "
            "error, throttle, partial, http_url, summary) VALUES (?, '0', 'r', ?, 0, 0, 0, 0, ?, ?, ?, 0, 0, ?, '{}')",
            (number, str(number), one.response_time, one.fault, one.error, one.url),
        )
        if one.size is not None:
            connection.execute("INSERT INTO trace_annotations VALUES (?, 'size', 'number', ?)", (number, one.size))
    return connection


def matching(connection: sqlite3.Connection, expression: str) -> set[int]:
    where, values = compile_filter(expression)
    return {row[0] for row in connection.execute(f"SELECT id FROM traces WHERE {where}", values)}  # noqa: S608 - what is tested


@given(cases(), st.lists(TRACES, max_size=6))
def test_an_expression_finds_what_it_means(case: Case, traces: list[Trace]) -> None:
    text, means = case
    with_numbers = {number for number, one in enumerate(traces, 1) if means(one)}
    assert matching(database(traces), text) == with_numbers


WORDS = st.sampled_from(
    ["fault", "AND", "OR", "NOT", "!", "(", ")", "{", "}", "[", "]", "=", "<", "3", '"a\'b"', "service", "edge", ",",
     "annotation", "annotation.k", "id", "name", ":", "user", "http.url", "CONTAINS", "true", "responsetime", "-1.5"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=60))
def test_any_text_is_sql_or_an_error_with_a_position(text: str) -> None:
    try:
        matching(database([]), text)
    except InvalidRequestException as error:
        assert "position" in str(error)


@pytest.mark.parametrize("deep", ["(" * 500 + "fault" + ")" * 500, "!" * 900 + "fault", "service{" * 200])
def test_nesting_has_an_end(deep: str) -> None:
    with pytest.raises(InvalidRequestException, match="position"):
        compile_filter(deep)


def test_as_many_terms_as_fit_are_taken() -> None:
    assert matching(database([]), " OR ".join(["fault"] * 220)) == set()


def test_an_expression_may_not_be_longer_than_aws_takes() -> None:
    with pytest.raises(InvalidRequestException, match="2000"):
        compile_filter("fault AND " * 300 + "fault")
