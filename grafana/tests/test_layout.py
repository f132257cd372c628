"""Panels stand side by side, not on each other."""

from __future__ import annotations

from typing import Any

import pytest
from obsiverse_dashboards.document import panels
from obsiverse_dashboards.layout import COLUMNS, line, place, section
from obsiverse_dashboards.panels import prose


def _cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
    at = panel["gridPos"]
    return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}


def test_no_panel_covers_another_or_leaves_the_grid(document: dict[str, Any]):
    taken: dict[tuple[int, int], str] = {}
    rows = [panel for panel in document["panels"] if panel["type"] == "row"]
    for panel in [*rows, *panels(document)]:
        for cell in _cells(panel):
            assert cell not in taken, f"{panel['title']} covers {taken[cell]}"
            assert 0 <= cell[0] < COLUMNS, panel["title"]
            taken[cell] = panel["title"]


def test_every_line_fills_the_width(document: dict[str, Any]):
    widths: dict[int, int] = {}
    for panel in panels(document):
        widths[panel["gridPos"]["y"]] = widths.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
    assert set(widths.values()) == {COLUMNS}


def test_ids_are_unique(document: dict[str, Any]):
    ids = [panel["id"] for panel in [*document["panels"], *panels(document)] if panel["type"] == "row"]
    ids += [panel["id"] for panel in panels(document)]
    assert len(ids) == len(set(ids))


def test_a_line_that_is_too_short_is_refused_with_its_panels():
    with pytest.raises(ValueError, match="20 columns wide and has to be 24: One, Two"):
        line(4, (10, prose("One", "", "")), (10, prose("Two", "", "")))


def test_panels_of_a_folded_section_are_in_its_row_and_below_it():
    placed = place([section("Folded", line(4, (24, prose("One", "", ""))), folded=True)])
    [row] = placed
    assert row.type_val == "row"
    assert row.collapsed
    [panel] = row.panels
    assert (panel.id_val, panel.grid_pos.y) == (2, 1)
