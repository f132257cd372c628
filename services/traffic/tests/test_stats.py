"""Counts and latencies."""

from __future__ import annotations

import statistics

from hypothesis import given
from hypothesis import strategies as st
from obsiverse_traffic.stats import WINDOW_SECONDS, Stats


class Clock:
    """Time that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(min_value=0, max_value=50), min_size=1, max_size=50))
def test_quantiles_are_latencies_that_occurred_in_order(seconds):
    clock = Clock()
    stats = Stats(clock)
    for one in seconds:
        clock.now = 100 + one
        stats.succeed("e", began=100)
    clock.now = 150
    found = stats.snapshot()["last_minute"]["latency_seconds"]
    ordered = list(found.values())
    assert ordered == sorted(ordered)
    assert found["max"] == max(ordered)
    assert abs(found["p50"] - statistics.median_low(100 + one for one in seconds) + 100) < 1e-9


def test_latencies_older_than_a_minute_are_forgotten_and_totals_are_not():
    clock = Clock()
    stats = Stats(clock)
    stats.succeed("e", stats.begin())
    clock.now = WINDOW_SECONDS + 1
    snapshot = stats.snapshot()
    assert snapshot["ok"] == 1
    assert snapshot["last_minute"] == {"ok": 0, "latency_seconds": dict.fromkeys(("p50", "p90", "p99", "max"))}
