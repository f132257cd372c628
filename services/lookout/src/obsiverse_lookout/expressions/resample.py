"""Resampling: a series onto an even grid of times."""

from __future__ import annotations

import math

from obsiverse_lookout.expressions.reduce import REDUCERS
from obsiverse_lookout.expressions.values import ExpressionError, Number, Series, Value, Values
from obsiverse_lookout.query.interval import duration
from obsiverse_lookout.query.time_range import TimeRange

UPSAMPLERS = ("pad", "backfilling", "fillna")
MOST_POINTS = 50_000


def resample(values: Values, window: str, downsampler: str, upsampler: str, over: TimeRange) -> list[Value]:
    """Each series at every `window` of a time range.

    Args:
        downsampler: the reducer for windows with several points.
        upsampler: pad repeats the last value, backfilling takes the next, fillna leaves NaN.

    Raises:
        ExpressionError: a setting is not known, or there would be too many points.
    """
    try:
        step = duration(window)
    except ValueError as error:
        raise ExpressionError(f"window: {error}") from None
    if downsampler not in REDUCERS:
        raise ExpressionError(f"the downsampler {downsampler!r} is not known; there are {', '.join(REDUCERS)}")
    if upsampler not in UPSAMPLERS:
        raise ExpressionError(f"the upsampler {upsampler!r} is not known; there are {', '.join(UPSAMPLERS)}")
    if step <= 0 or (over.end - over.start) / step > MOST_POINTS:
        raise ExpressionError(f"a window of {window} makes more than {MOST_POINTS} points; take a longer one")
    grid = range(over.start, over.end + 1, step)
    made: list[Value] = []
    for value in values:
        if not isinstance(value, Series):
            raise ExpressionError("only series can be resampled, and this is a number")
        made.append(Series(list(grid), _on_grid(value, grid, downsampler, upsampler), value.labels))
    return made


def _on_grid(series: Series, grid: range, downsampler: str, upsampler: str) -> list[Number]:
    points = [
        (at, value)
        for at, value in zip(series.times, series.values, strict=True)
        if value is not None and not math.isnan(value)
    ]
    made: list[Number] = []
    index = 0
    last: Number = math.nan
    for at in grid:
        window: list[float] = []
        while index < len(points) and points[index][0] <= at:
            window.append(points[index][1])
            index += 1
        if window:
            last = window[-1]
            made.append(float(REDUCERS[downsampler](window)))
        elif upsampler == "pad":
            made.append(last)
        elif upsampler == "backfilling" and index < len(points):
            made.append(points[index][1])
        else:
            made.append(math.nan)
    return made
