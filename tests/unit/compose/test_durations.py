"""Durations and sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.compose.durations import format_duration, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("1m30s", 90), ("500ms", 0.5), ("1h", 3600), ("0", 0), ("0s", 0), ("1.5s", 1.5), ("2h45m1s", 9901)],
)
def test_duration(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "s", "1x", "-1s", "1 s"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=10**9).map(lambda millis: millis / 1000))
def test_a_printed_duration_reads_as_itself(seconds):
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "expected"), [("512m", 512 << 20), ("1g", 1 << 30), ("1.5GB", 3 << 29), ("100", 100), ("64kb", 65536)]
)
def test_size(text, expected):
    assert parse_size(text) == expected


@pytest.mark.parametrize("text", ["", "m", "1q", "x1m"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="is no size"):
        parse_size(text)
