"""The step between the points of a range query, out of its range and the width of its panel, as Grafana's backend has it.

https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/#query-options
"""

from __future__ import annotations

import re

from obsiverse_lookout.query.time_range import TimeRange

UNITS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "M": 2_592_000_000,
    "y": 31_536_000_000,
}
PARTS = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwMy])")
DEFAULT_MS = 15_000
DEFAULT_POINTS = 100
# Prometheus refuses a series of more.
MOST_POINTS = 11_000
# Up to the first number (in ms) an interval is rounded to the second one.
ROUNDED = (
    (10, 1),
    (15, 10),
    (35, 20),
    (75, 50),
    (150, 100),
    (350, 200),
    (750, 500),
    (1500, 1000),
    (3500, 2000),
    (7500, 5000),
    (12_500, 10_000),
    (17_500, 15_000),
    (25_000, 20_000),
    (45_000, 30_000),
    (90_000, 60_000),
    (210_000, 120_000),
    (450_000, 300_000),
    (750_000, 600_000),
    (1_050_000, 900_000),
    (1_500_000, 1_200_000),
    (2_700_000, 1_800_000),
    (5_400_000, 3_600_000),
    (9_000_000, 7_200_000),
    (16_200_000, 10_800_000),
    (32_400_000, 21_600_000),
    (86_400_000, 43_200_000),
    (604_800_000, 86_400_000),
    (1_814_400_000, 604_800_000),
    (3_628_800_000, 2_592_000_000),
)
LONGEST = 31_536_000_000


def duration(text: str) -> int:
    """`15s`, `1m30s`, `>10s` or a bare number of seconds, in milliseconds.

    Raises:
        ValueError: it is no duration.
    """
    plain = text.strip().lstrip("<>").strip()
    if plain.replace(".", "", 1).isdecimal():
        return round(float(plain) * 1000)
    found = PARTS.findall(plain)
    if not found or "".join(f"{count}{unit}" for count, unit in found) != plain:
        raise ValueError(f"{text!r} is no duration, such as 30s or 5m")
    return round(sum(float(count) * UNITS[unit] for count, unit in found))


def spoken(milliseconds: int) -> str:
    """A duration in the largest unit that leaves no rest, as PromQL takes it."""
    for unit in ("w", "d", "h", "m", "s"):
        if milliseconds >= UNITS[unit] and milliseconds % UNITS[unit] == 0:
            return f"{milliseconds // UNITS[unit]}{unit}"
    return f"{milliseconds}ms"


def rounded(milliseconds: float) -> int:
    """The interval that a person would choose near this one."""
    return next((interval for limit, interval in ROUNDED if milliseconds <= limit), LONGEST)


def calculate(over: TimeRange, points: int, least: int) -> int:
    """Milliseconds between points.

    Args:
        points: how many fit into the panel.
        least: milliseconds below which it makes no sense, such as a scrape interval.
    """
    raw = (over.end - over.start) / max(points, 1)
    return least if raw <= least else rounded(raw)


def step(over: TimeRange, points: int, least: int, factor: int = 1) -> int:
    """Milliseconds between the points of a Prometheus range query."""
    # Upwards: what is refused for a point too many shows nothing.
    fewest = (over.end - over.start) / MOST_POINTS
    safe = next((interval for _, interval in ROUNDED if interval >= fewest), LONGEST)
    return max(calculate(over, points, least), safe) * max(factor, 1)


def rate_interval(interval: int, scrape: int) -> int:
    """What $__rate_interval means: never less than four scrapes; all in milliseconds."""
    return max(interval + scrape, 4 * scrape)
