"""Where a dashboard's picture is cut, so that each part fits a page and no panel is cut in two."""

from __future__ import annotations

from collections.abc import Sequence

from obsiverse_lookout.report.draw import Panel

# A picture that is this much too high is made smaller: better than a second page for its last line.
SQUEEZE = 1.15
GAP = 4.0


def cuts(height: float, most: float, panels: Sequence[Panel], rows: Sequence[float]) -> list[tuple[float, float]]:
    """The parts of a picture, from the top down, as (top, bottom).

    A part ends before a heading where that leaves it three quarters full or more, else between panels; within a panel only where that is
    higher than a page.

    Args:
        height: of the picture.
        most: what fits a page.
        panels: where nothing is cut.
        rows: where headings are, good places to cut.
    """
    parts: list[tuple[float, float]] = []
    top = 0.0
    while height - top > most * SQUEEZE:
        bottom = _end(top, most, panels, rows)
        parts.append((top, bottom))
        top = bottom
    return [*parts, (top, height)]


def _end(top: float, most: float, panels: Sequence[Panel], rows: Sequence[float]) -> float:
    limit = top + most
    headings = [row - GAP for row in rows if top + most * 0.75 < row - GAP <= limit and not _inside(row - GAP, panels)]
    if headings:
        return max(headings)
    # A heading stays with what it is over.
    over = [panel.top - GAP for panel in panels if not any(0 < panel.top - row < 60 for row in rows)]
    between = [each for each in over if top < each <= limit and not _inside(each, panels)]
    return max(between, default=limit)


def _inside(at: float, panels: Sequence[Panel]) -> bool:
    return any(panel.top < at < panel.bottom for panel in panels)
