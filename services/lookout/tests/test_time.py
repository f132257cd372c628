"""Times, ranges and steps, as Grafana reads and computes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_lookout.query.interpolate import interpolate
from obsiverse_lookout.query.interval import MOST_POINTS, duration, rate_interval, spoken, step
from obsiverse_lookout.query.time_range import BadTime, TimeRange, parse_range, parse_time

NOW = datetime(2024, 3, 31, 12, 34, 56, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2024-03-31T12:34:56"),
        ("now-6h", "2024-03-31T06:34:56"),
        ("now-1d/d", "2024-03-30T00:00:00"),
        ("now/w", "2024-03-25T00:00:00"),
        ("now/M", "2024-03-01T00:00:00"),
        ("now/y", "2024-01-01T00:00:00"),
        ("now-1M", "2024-02-29T12:34:56"),
        ("now-1y+1M", "2023-04-30T12:34:56"),
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05"),
        ("1700000000000", "2023-11-14T22:13:20"),
    ],
)
def test_time_is_understood(text: str, expected: str) -> None:
    assert parse_time(text, NOW) == round(datetime.fromisoformat(expected).replace(tzinfo=UTC).timestamp() * 1000)


def test_end_of_a_day_is_its_last_millisecond() -> None:
    over = parse_range("now/d", "now/d", NOW)
    assert over.end - over.start == 86_400_000 - 1


@given(st.text())
def test_any_other_text_is_said_to_be_no_time(text: str) -> None:
    try:
        assert isinstance(parse_time(text, NOW), int)
    except BadTime as error:
        assert "is no time" in str(error)


@pytest.mark.parametrize(("start", "end"), [("now", "now-1h"), ("now-99999999999y", "now"), ("", "now"), (None, "now")])
def test_bad_range_is_refused(start: object, end: object) -> None:
    with pytest.raises(BadTime):
        parse_range(start, end, NOW)


@pytest.mark.parametrize(
    ("seconds", "points", "least", "expected"),
    [
        (3600, 1000, 15_000, 15_000),
        (86_400, 1000, 15_000, 60_000),
        (86_400, 100, 15_000, 900_000),
        (604_800, 1000, 15_000, 600_000),
        (2_592_000, 500, 15_000, 3_600_000),
        # Prometheus refuses more than 11,000 points, whatever the panel asks for.
        (86_400, 100_000, 1000, 10_000),
    ],
)
def test_step_is_grafanas(seconds: int, points: int, least: int, expected: int) -> None:
    assert step(TimeRange(0, seconds * 1000), points, least) == expected


@given(st.integers(1, 10**12), st.integers(1, 100_000), st.integers(1, 10**6))
def test_step_never_makes_more_points_than_prometheus_takes(length: int, points: int, least: int) -> None:
    found = step(TimeRange(0, length), points, least)
    assert found >= least
    assert length / found <= MOST_POINTS


@given(st.integers(1, 10**10))
def test_duration_is_read_back(milliseconds: int) -> None:
    assert duration(spoken(milliseconds)) == milliseconds


@pytest.mark.parametrize("text", ["", "5 minutes", "m", "1x", "-5m", "1m 30"])
def test_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)


def test_rate_interval_is_never_below_four_scrapes() -> None:
    assert rate_interval(15_000, 15_000) == 60_000
    assert rate_interval(120_000, 15_000) == 135_000


def test_grafanas_own_variables_are_filled_in() -> None:
    text = (
        "rate(x[$__rate_interval]) ${__interval} $__interval_ms $__range ${__range_s} $__range_ms $__unknown $instance"
    )
    filled = interpolate(text, TimeRange(0, 3_600_000), 15_000, 15_000, 15_000)
    assert filled == "rate(x[1m]) 15s 15000 3600s 3600 3600000 $__unknown $instance"


@given(st.text())
def test_interpolation_leaves_every_other_text(text: str) -> None:
    if "$__" not in text and "${__" not in text:
        assert interpolate(text, TimeRange(0, 1000), 1000, 1000, 1000) == text
