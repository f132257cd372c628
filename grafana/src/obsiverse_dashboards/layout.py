"""Where panels stand: sections of lines on Grafana's grid of 24 columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.models.dashboard import (
    AnnotationContainer,
    AnnotationQuery,
    Dashboard,
    DashboardCursorSync,
    DashboardDashboardTemplating,
    DashboardDashboardTime,
    GridPos,
    Panel,
    RowPanel,
    TimePickerConfig,
    VariableModel,
)

from obsiverse_dashboards import annotations as marks
from obsiverse_dashboards.links import TAG, TITLES, Uid, bar
from obsiverse_dashboards.variables import data_sources

COLUMNS = 24
# What Grafana 12.0 writes; newer ones read it and change nothing in it that is used here.
SCHEMA_VERSION = 41
REFRESH_INTERVALS = ["5s", "10s", "30s", "1m", "5m", "15m", "1h"]


@dataclass(frozen=True)
class Line:
    """Panels side by side, of one height in Grafana's units of about 38 pixels; each with its share of the columns."""

    height: int
    panels: tuple[tuple[int, Panel], ...]


def line(height: int, *panels: tuple[int, Panel]) -> Line:
    """A line. Raises ValueError where its panels do not fill the columns."""
    width = sum(columns for columns, _ in panels)
    if width != COLUMNS:
        titles = ", ".join(panel.title or "" for _, panel in panels)
        raise ValueError(f"a line is {width} columns wide and has to be {COLUMNS}: {titles}")
    return Line(height, panels)


def repeated(panel: Panel, variable: str, *, most: int = 3) -> Panel:
    """The panel once for each value of a variable, at most so many side by side."""
    panel.repeat = variable
    panel.repeat_direction = "h"
    panel.max_per_row = most
    return panel


@dataclass(frozen=True)
class Section:
    """A titled part of a dashboard.

    Attributes:
        repeat: a variable, for each of whose values the section is there once.
        folded: whether a reader opens it first; until then it asks for nothing.
    """

    title: str
    lines: tuple[Line, ...]
    repeat: str | None = None
    folded: bool = False


def section(title: str, *lines: Line, repeat: str | None = None, folded: bool = False) -> Section:
    """A section."""
    return Section(title, lines, repeat, folded)


def dashboard(
    uid: Uid,
    about: str,
    sections: Sequence[Section],
    *,
    neighbours: Sequence[Uid],
    variables: Sequence[VariableModel] = (),
    annotations: Sequence[AnnotationQuery] = (),
    since: str = "now-1h",
    refresh: str = "10s",
) -> Dashboard:
    """A dashboard.

    Args:
        neighbours: the dashboards that a reader of this one goes on to.
        since: the beginning of the time range that is shown at first; it ends now.
    """
    made = Dashboard(
        uid=uid,
        title=TITLES[uid],
        description=about,
        tags=[TAG],
        schema_version=SCHEMA_VERSION,
        editable=True,
        graph_tooltip=DashboardCursorSync.CROSSHAIR,
        time=DashboardDashboardTime(from_val=since, to="now"),
        timepicker=TimePickerConfig(refresh_intervals=REFRESH_INTERVALS),
        timezone="browser",
        refresh=refresh,
        templating=DashboardDashboardTemplating(list_val=[*data_sources(), *variables]),
        annotations=AnnotationContainer(list_val=[marks.built_in(), *annotations]),
        links=bar(*neighbours),
        panels=place(sections),
    )
    made.preload = False
    return made


def place(sections: Sequence[Section]) -> list[Panel | RowPanel]:
    """The panels with their ids and places, from the top."""
    placed: list[Panel | RowPanel] = []
    number, y = 0, 0
    for part in sections:
        number += 1
        row = RowPanel(
            title=part.title,
            id_val=number,
            collapsed=part.folded,
            repeat=part.repeat,
            grid_pos=GridPos(x=0, y=y, w=COLUMNS, h=1),
            panels=[],
        )
        y += 1
        placed.append(row)
        for one in part.lines:
            x = 0
            for width, panel in one.panels:
                number += 1
                panel.id_val = number
                panel.grid_pos = GridPos(x=x, y=y, w=width, h=one.height)
                x += width
                (row.panels if part.folded else placed).append(panel)
            y += one.height
    return placed
