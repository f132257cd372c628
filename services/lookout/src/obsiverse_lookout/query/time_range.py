"""Times as Grafana's clients write them: milliseconds since the epoch, ISO 8601, or relative such as `now-6h` and `now/d`.

https://grafana.com/docs/grafana/latest/dashboards/use-dashboards/#time-units-and-relative-ranges
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

RELATIVE = re.compile(r"now((?:[+-]\d{1,9}[smhdwMy])*)(?:/([smhdwMy]))?", re.ASCII)
PART = re.compile(r"([+-])(\d+)([smhdwMy])")
# A time beyond these is a mistake, and overflows.
EARLIEST, LATEST = 0, 253402300799000


class BadTime(ValueError):
    """A text that is no time."""


@dataclass(frozen=True)
class TimeRange:
    """From a time to a later one, in milliseconds since the epoch."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end - self.start) / 1000


def parse_range(start: object, end: object, now: float) -> TimeRange:
    """The range between two times.

    Args:
        now: seconds since the epoch.

    Raises:
        BadTime: one of them is no time, or they are the wrong way round.
    """
    first, last = parse_time(start, now), parse_time(end, now, up=True)
    if first > last:
        raise BadTime(f"the time range ends before it starts: from {start!r} to {end!r}")
    return TimeRange(first, last)


def parse_time(value: object, now: float, *, up: bool = False) -> int:
    """A time in milliseconds since the epoch.

    Args:
        up: `/d` means the end of the day, not its start.

    Raises:
        BadTime: it is no time.
    """
    text = str(value).strip()
    try:
        at = int(text) if text.lstrip("-").isdigit() else _spoken(text, now, up=up)
    except (ValueError, OverflowError):
        raise BadTime(f"{value!r} is no time: use milliseconds since the epoch, ISO 8601 or now-6h") from None
    if not EARLIEST <= at <= LATEST:
        raise BadTime(f"{value!r} is no time of the years 1970 to 9999")
    return at


def _spoken(text: str, now: float, *, up: bool) -> int:
    found = RELATIVE.fullmatch(text)
    if found is None:
        moment = datetime.fromisoformat(text)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    moment = datetime.fromtimestamp(now, UTC)
    for sign, count, unit in PART.findall(found[1]):
        moment = _moved(moment, int(count) if sign == "+" else -int(count), unit)
    if found[2]:
        start = _start(moment, found[2])
        moment = _moved(start, 1, found[2]) - timedelta(milliseconds=1) if up else start
    return round(moment.timestamp() * 1000)


def _moved(moment: datetime, count: int, unit: str) -> datetime:
    if unit in "My":
        months = moment.year * 12 + moment.month - 1 + count * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        # The 31st of a shorter month is its last day.
        for day in range(moment.day, 27, -1):
            try:
                return moment.replace(year=year, month=month + 1, day=day)
            except ValueError:
                continue
        return moment.replace(year=year, month=month + 1)
    name = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[unit]
    return moment + timedelta(**{name: count})


def _start(moment: datetime, unit: str) -> datetime:
    if unit == "w":
        return _start(moment - timedelta(days=moment.weekday()), "d")
    # From the year on, as many parts as the unit has are kept.
    kept = "yMdhms".index(unit) + 1
    parts = [*moment.timetuple()[:kept], *(1, 1, 1, 0, 0, 0)[kept:]]
    return datetime(*parts[:6], tzinfo=UTC)
