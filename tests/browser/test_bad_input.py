"""Dashboards that are wrong, hostile or too much: said where it is seen, and nothing else suffers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.browser.conftest import Tab
from tests.browser.test_reading import timeseries

pytestmark = pytest.mark.timeout(300)
SCRIPT = "<img src=x onerror='window.harmed=1'><script>window.harmed=1</script><svg onload='window.harmed=1'></svg>"
LINK = "javascript:window.harmed=1"


def text(content: str, mode: str) -> dict[str, Any]:
    return {"type": "text", "title": mode, "options": {"mode": mode, "content": content}}


def test_script_in_texts_titles_and_labels_does_not_run(tab: Tab, put: Callable[..., str]):
    # Prometheus makes series with any label for us.
    expr = f'label_replace(vector(1), "name", "{SCRIPT}", "", "")'
    table = timeseries(expr, type="table", title="rows")
    table["targets"][0] |= {"format": "table", "instant": True, "range": False}
    path = put(
        text(f"said {SCRIPT} [a link]({LINK})", "markdown"),
        text(f'said {SCRIPT} <a href="{LINK}">a link</a>', "html"),
        timeseries(expr, title=f"over {SCRIPT}", description=SCRIPT, links=[{"title": SCRIPT, "url": LINK}]),
        timeseries(expr, type="stat", options={"textMode": "name"}, title="stat"),
        table,
        links=[{"type": "link", "title": SCRIPT, "url": LINK}],
        templating={"list": [{"name": "v", "type": "custom", "query": SCRIPT, "label": SCRIPT}]},
    )
    tab.open(path, render="1")
    assert {panel["state"] for panel in tab.panels()} == {"done"}, tab.panels()
    tab.page.locator(".u-over").first.hover()
    assert "said" in tab.panels()[0]["text"]
    assert (
        tab.page.evaluate("document.querySelectorAll('[data-panel-key] :is(script, [onerror], [onload])').length") == 0
    )
    assert tab.page.evaluate("[...document.links].filter((a) => a.protocol === 'javascript:').length") == 0
    assert tab.page.evaluate("window.harmed") is None


def test_a_panel_type_that_is_not_known_shows_its_name(tab: Tab, put: Callable[..., str], lookout: httpx.Client):
    unknown = {"type": "acme-worldmap-panel", "title": "map", "options": {"kept": True}}
    path = put(unknown, timeseries("vector(1)"))
    tab.open(path, render="1")
    panels = tab.panels()
    assert "acme-worldmap-panel" in panels[0]["text"]
    assert panels[1]["state"] == "done"
    kept = lookout.get(path.replace("/d/", "/api/dashboards/uid/")).json()["dashboard"]["panels"][0]
    assert kept["options"] == {"kept": True}
    assert tab.faults == []


def test_promql_that_is_wrong_shows_its_error_and_others_live(tab: Tab, put: Callable[..., str]):
    path = put(timeseries("sum(rate(up[5m])", title="broken"), timeseries("vector(1)", title="whole"))
    tab.open(path, render="1")
    broken, whole = tab.panels()
    assert broken["state"] == "error"
    assert "unclosed left parenthesis" in broken["text"]
    assert whole["state"] == "done"
    assert tab.faults == []


@pytest.mark.parametrize(
    ("dashboard", "said"),
    [
        ({"apiVersion": "dashboard.grafana.app/v2", "spec": {"elements": {}}}, "v2"),
        ({"schemaVersion": 9000, "panels": []}, "9000"),
        ({"panels": []}, "schemaVersion"),
        ([], "no dashboard"),
    ],
    ids=["v2", "a newer schema", "no schema", "a list"],
)
def test_a_dashboard_of_another_schema_is_refused_in_words(tab: Tab, lookout: httpx.Client, dashboard: Any, said: str):
    saved = lookout.post("/api/dashboards/db", json={"dashboard": dashboard})
    assert saved.status_code in (400, 412, 422), saved.text
    # The page does not trust whatever keeps dashboards, which may be a newer Grafana.
    body = json.dumps({"dashboard": dashboard, "meta": {}})
    tab.page.route(
        "**/api/dashboards/uid/other", lambda route: route.fulfill(body=body, content_type="application/json")
    )
    tab.page.goto(f"{tab.address}/d/other")
    tab.page.get_by_text("cannot be shown").wait_for()
    assert said in tab.page.locator("body").inner_text()
    assert tab.faults == []


def test_more_series_than_a_panel_can_show_are_cut_and_said(tab: Tab, put: Callable[..., str]):
    # Everything that the stack measures.
    tab.open(put(timeseries('{__name__=~".+"}', title="all"), timeseries("vector(1)", title="one")), render="1")
    everything, one = tab.panels()
    assert (everything["state"], one["state"]) == ("done", "done")
    notice = tab.panel("all").get_by_test_id("panel-notice")
    assert re.search(r"\d+ of [\d,]{4,} series", notice.inner_text()), notice.inner_text()
    assert tab.faults == []


def test_an_address_that_leads_nowhere_says_so(tab: Tab, put: Callable[..., str]):
    tab.page.goto(f"{tab.address}/d/there-is-none")
    tab.page.get_by_text("There is no such dashboard").wait_for()
    tab.open(put(timeseries("vector(1)")), viewPanel="panel-99")
    tab.page.get_by_text("no panel 99").wait_for()
    assert tab.faults == []
