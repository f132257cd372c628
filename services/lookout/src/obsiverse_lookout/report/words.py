"""Times and ranges in plain words."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from obsiverse_lookout.query.time_range import BadTime, parse_range
from obsiverse_lookout.report.order import ReportError

UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "M": "month", "y": "year"}
LAST = re.compile(r"now-(\d+)([smhdwMy])")


def moment(at: datetime) -> str:
    """`28 November 2026, 08:30`."""
    return f"{at.day} {at:%B %Y, %H:%M}"


def spoken_range(start: str, end: str, now: float, zone: tzinfo | None = None) -> str:
    """A range for readers: `The last 6 hours: 28 November 2026, 02:30 to 08:30 UTC`.

    Args:
        now: seconds since the epoch.
        zone: to show times in; this machine's where None.

    Raises:
        ReportError: one of them is no time, or they are the wrong way round.
    """
    try:
        range_ = parse_range(start, end, now)
    except BadTime as error:
        raise ReportError(str(error), "Give --from and --to as now-24h, 2026-11-28T08:00 or milliseconds.") from None
    first, last = (datetime.fromtimestamp(at / 1000).astimezone(zone) for at in (range_.start, range_.end))
    until = f"{last:%H:%M}" if first.date() == last.date() else moment(last)
    spelled = f"{moment(first)} to {until} {last.tzname()}"
    found = LAST.fullmatch(start)
    if end != "now" or not found:
        return spelled
    count, unit = int(found[1]), UNITS[found[2]]
    return f"The last {unit if count == 1 else f'{count} {unit}s'}: {spelled}"
