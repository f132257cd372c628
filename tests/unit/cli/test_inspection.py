"""What users type as a time."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.cli.inspection import parse_since
from obsiverse.engine.errors import EngineError

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("text", "before"), [("10m", 600), ("1h30m", 5400), ("2d", 172800), ("1.5s", 1.5), ("250ms", 0.25)]
)
def test_a_duration_counts_back_from_now(text, before):
    assert parse_since(text, NOW) == pytest.approx(NOW - before)


@given(
    st.datetimes(
        min_value=datetime.datetime(2000, 1, 1),
        max_value=datetime.datetime(2100, 1, 1),
        timezones=st.just(datetime.UTC),
    )
)
def test_an_iso_time_is_itself(at):
    assert parse_since(at.isoformat(), NOW) == pytest.approx(at.timestamp())


@pytest.mark.parametrize("text", ["", "soon", "10", "-5m", "10m ago"])
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(EngineError, match="such as 10m"):
        parse_since(text, NOW)
