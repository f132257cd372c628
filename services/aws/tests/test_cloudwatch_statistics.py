"""Statistics of one period, against their definitions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_aws.cloudwatch.statistics import Bucket, UnknownStatistic, Weighted, percentile, statistic


def bucket(*values: float) -> Bucket:
    """A period in which each of these was put once."""
    weighted = [Weighted(value, 1) for value in sorted(values)]
    return Bucket(len(values), sum(values), min(values), max(values), weighted)


TEN = bucket(*range(1, 11))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("p50", 5),
        ("p90", 9),
        ("p90.1", 10),
        ("p0", 1),
        ("p100", 10),
        ("tm90", 5),
        ("TM(10%:90%)", 5.5),
        ("TM(:90%)", 5),
        ("TM(50%:)", 8),
        ("TM(2:4)", 3.5),
        ("IQM", 6),
        ("wm80", (36 + 2 * 8) / 10),
        ("WM(20%:80%)", (2 * 3 + 33 + 2 * 8) / 10),
        ("WM(3:)", (3 * 3 + 49) / 10),
        ("tc90", 9),
        ("TC(3:5)", 2),
        ("ts90", 45),
        ("TS(80%:)", 19),
        ("PR(:3)", 30),
        ("PR(3:8)", 50),
        ("Average", 5.5),
        ("SampleCount", 10),
    ],
)
def test_statistics_of_the_numbers_from_1_to_10(name: str, expected: float) -> None:
    assert statistic(name).compute(TEN) == pytest.approx(expected)


@pytest.mark.parametrize(
    "name", ["", "p", "p101", "tm", "average", "TM(1%:2)", "TM(9:1)", "TM(:)", "PR(1%:2%)", "p-1", "x9"]
)
def test_what_is_no_statistic_is_refused(name: str) -> None:
    with pytest.raises(UnknownStatistic):
        statistic(name)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.floats(0, 100))
def test_a_percentile_is_the_least_value_with_enough_values_up_to_it(values: list[float], percent: float) -> None:
    values.sort()
    found = percentile([Weighted(value, 1) for value in values], percent)
    needed = math.ceil(round(len(values) * percent / 100, 9))
    assert sum(value <= found for value in values) >= needed
    assert found == values[0] or sum(value < found for value in values) < needed


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 5)), min_size=1, max_size=9), st.integers(0, 100))
def test_a_count_is_as_good_as_so_many_values(pairs: list[tuple[int, int]], percent: int) -> None:
    counted = Bucket(0, 0, 0, 0, sorted(Weighted(value, count) for value, count in pairs))
    single = bucket(*(value for value, count in pairs for _ in range(count)))
    for name in (f"p{percent}", f"tm{percent}", f"wm{percent}", f"tc{percent}", f"ts{percent}", "IQM", "PR(0:3)"):
        assert statistic(name).compute(counted) == pytest.approx(statistic(name).compute(single)), name
