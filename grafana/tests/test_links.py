"""Links lead somewhere, with what the reader chose."""

from __future__ import annotations

import re
from typing import Any

from obsiverse_dashboards.links import TAG, Link, Uid

from .walk import links


def test_links_lead_to_dashboards_and_variables_that_are_there(
    document: dict[str, Any], documents: list[dict[str, Any]]
):
    names = {one["uid"]: {variable["name"] for variable in one["templating"]["list"]} for one in documents}
    for url in links(document):
        target = re.match(r"/d/([a-z-]+)", url)
        assert target, url
        assert target[1] in names, url
        assert set(re.findall(r"var-(\w+)=", url)) <= names[target[1]], url


def test_links_of_values_keep_the_time_range(document: dict[str, Any]):
    for url in links(document):
        assert "?" not in url or "${__url_time_range}" in url, url


def test_every_dashboard_has_a_menu_of_all_and_its_neighbours(document: dict[str, Any]):
    [menu] = [link for link in document["links"] if link["type"] == "dashboards"]
    assert menu["tags"] == [TAG]
    assert menu["asDropdown"]
    neighbours = [link for link in document["links"] if link["type"] == "link"]
    assert len(neighbours) >= 2
    assert all(link["keepTime"] and link["includeVars"] for link in document["links"])
    assert f"/d/{document['uid']}" not in [link["url"] for link in neighbours]


def test_links_are_above_the_panels_and_in_no_menu_of_a_newer_grafana(document: dict[str, Any]):
    assert all("placement" not in one for one in [*document["links"], *document["annotations"]["list"]])


def test_from_executive_one_gets_to_the_endpoint_and_from_there_to_its_traces(documents: list[dict[str, Any]]):
    by_uid = {one["uid"]: set(links(one)) for one in documents}
    assert any(f"/d/{Uid.ENDPOINT}?var-endpoint=" in url for url in by_uid[Uid.EXECUTIVE])
    assert any(f"/d/{Uid.TRACES}?var-endpoint=" in url for url in by_uid[Uid.ENDPOINT])


def test_a_link_carries_values_choices_the_time_range_and_a_panel():
    link = Link("One", Uid.TRACES, (("trace_id", "${__value.raw}"),), ("endpoint",), panel=7)
    assert link.url == (
        "/d/obsiverse-traces?var-trace_id=${__value.raw}&${endpoint:queryparam}&${__url_time_range}&viewPanel=panel-7"
    )
