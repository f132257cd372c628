"""$__interval, $__range and the like in a query, replaced as Grafana's backend replaces them.

https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#global-variables
"""

from __future__ import annotations

import re

from obsiverse_lookout.query.interval import rate_interval, spoken
from obsiverse_lookout.query.time_range import TimeRange

NAMES = "rate_interval_ms|rate_interval|interval_ms|interval|range_ms|range_s|range|from|to"
MACRO = re.compile(rf"\$__({NAMES})\b|\$\{{__({NAMES})\}}")


def interpolate(text: str, over: TimeRange, step: int, interval: int, scrape: int) -> str:
    """A query with Grafana's own variables filled in; the dashboard's are the page's to fill.

    Args:
        step, interval, scrape: milliseconds: between points, asked for by the panel, between the source's samples.
    """
    rate = rate_interval(interval, scrape)
    seconds = round(over.seconds)
    meanings = {
        "interval": spoken(step),
        "interval_ms": str(step),
        "range": f"{seconds}s",
        "range_s": str(seconds),
        "range_ms": str(over.end - over.start),
        "rate_interval": spoken(rate),
        "rate_interval_ms": str(rate),
        "from": str(over.start),
        "to": str(over.end),
    }
    return MACRO.sub(lambda found: meanings[found[1] or found[2]], text)
