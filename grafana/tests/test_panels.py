"""Every panel says what it shows, in what unit, from a data source that the reader's Grafana has."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from obsiverse_dashboards.document import panels
from obsiverse_dashboards.links import TAG

from .walk import AMP

# What Grafana 12, Managed Grafana's catalogue and Lookout all have.
TYPES = {
    "timeseries", "stat", "gauge", "bargauge", "barchart", "piechart", "table", "heatmap", "state-timeline", "logs", "text",
    "alertlist", "traces", "nodeGraph", "row",
}  # fmt: skip
TRANSFORMATIONS = {
    "organize", "merge", "joinByField", "seriesToRows", "labelsToFields", "filterFieldsByName", "sortBy", "reduce",
    "calculateField", "renameByRegex", "groupBy", "limit",
}  # fmt: skip
SOURCES = {AMP: "${amp}", "cloudwatch": "${cloudwatch}", "grafana-x-ray-datasource": "${xray}"}
WITHOUT_VALUES = {"text", "alertlist"}


def test_panels_are_of_the_allowed_kinds(document: dict[str, Any]):
    assert {panel["type"] for panel in [*document["panels"], *panels(document)]} <= TYPES


def test_transformations_are_of_the_allowed_kinds(document: dict[str, Any]):
    assert {one["id"] for panel in panels(document) for one in panel.get("transformations", [])} <= TRANSFORMATIONS


def test_every_panel_has_a_title_a_description_and_a_unit(document: dict[str, Any]):
    for panel in panels(document):
        assert panel["title"], panel
        assert len(panel["description"]) > 20, panel["title"]
        assert re.search(r"[.:]$", panel["description"]), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_titles_are_unique_in_a_section(document: dict[str, Any]):
    seen: set[str] = set()
    for panel in document["panels"]:
        if panel["type"] == "row":
            seen = set()
        assert panel["title"] not in seen
        seen.add(panel["title"])


def test_every_panel_of_values_has_thresholds_that_begin_below_all(document: dict[str, Any]):
    for panel in panels(document):
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps[0]["value"] is None, panel["title"]
        values = [step["value"] for step in steps[1:]]
        assert values == sorted(values), panel["title"]


def test_data_sources_are_variables(document: dict[str, Any]):
    assert {one["name"] for one in document["templating"]["list"] if one["type"] == "datasource"} == {
        "amp",
        "cloudwatch",
        "xray",
    }
    for panel in panels(document):
        if panel["type"] in WITHOUT_VALUES:
            assert not panel.get("targets"), panel["title"]
            continue
        assert panel["targets"], panel["title"]
        for source in [panel["datasource"], *(target["datasource"] for target in panel["targets"])]:
            assert SOURCES[source["type"]] == source["uid"], panel["title"]
    for one in [*document["templating"]["list"], *document["annotations"]["list"]]:
        source = one.get("datasource")
        assert source is None or source["type"] == "grafana" or SOURCES[source["type"]] == source["uid"], one["name"]


def test_queries_of_a_panel_have_names_of_their_own(document: dict[str, Any]):
    for panel in panels(document):
        names = [target["refId"] for target in panel.get("targets", [])]
        assert len(names) == len(set(names)), panel["title"]


def test_a_panel_that_waits_says_what_would_fill_it(document: dict[str, Any]):
    for panel in panels(document):
        waits = panel["fieldConfig"]["defaults"].get("noValue")
        if waits is not None:
            assert len(waits) > 15, panel["title"]
        if waits and waits.startswith(("Filled", "No GPU")):
            assert re.search(r"It (fills|needs) ", panel["description"]), panel["title"]


def test_variables_that_are_used_are_there(document: dict[str, Any]):
    own = {one["name"] for one in document["templating"]["list"]}
    text = json.dumps(
        {**document, "templating": {"list": [one.get("query") for one in document["templating"]["list"]]}}
    )
    used = set(re.findall(r"\$\{?([a-z]\w*)(?::\w+)?\}?", text))
    assert used <= own


@pytest.mark.parametrize("name", ["amp", "cloudwatch", "xray"])
def test_a_data_source_variable_does_not_bother_readers(document: dict[str, Any], name: str):
    [found] = [one for one in document["templating"]["list"] if one["name"] == name]
    assert found["hide"] == 2
    assert found["query"] in SOURCES


def test_dashboards_can_be_found_and_are_of_the_v1_schema(document: dict[str, Any]):
    assert TAG in document["tags"]
    assert document["schemaVersion"] == 41
    assert document["id"] is None
    assert document["description"]
