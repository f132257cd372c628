"""What a reader does with a dashboard: choose, zoom, follow a trace, change the theme."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Tab

pytestmark = pytest.mark.timeout(300)
AMP = {"type": "grafana-amazonprometheus-datasource", "uid": "amp"}


def parameters(tab: Tab) -> dict[str, list[str]]:
    """The query of the address."""
    return parse_qs(urlsplit(tab.page.url).query)


def timeseries(expr: str, **members: Any) -> dict[str, Any]:
    """A panel of one Prometheus query."""
    target = {"refId": "A", "expr": expr, "datasource": AMP, "range": True, "legendFormat": "__auto"}
    return {"type": "timeseries", "title": "series", "datasource": AMP, "targets": [target], **members}


def test_a_variable_changes_the_queries_and_the_address(tab: Tab):
    tab.open("/d/obsiverse-endpoint")
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.post_data or "") if "ds/query" in request.url else None)
    tab.page.locator("#var-interval").click()
    tab.page.get_by_role("option", name="1m", exact=True).click()
    tab.page.wait_for_url("**var-interval=1m**")
    tab.ready()
    assert any("[1m]" in body for body in asked), asked
    assert not any("[5m]" in body for body in asked), asked
    assert parameters(tab)["var-interval"] == ["1m"]
    assert tab.faults == []


def test_dragging_over_a_graph_zooms_every_panel(tab: Tab):
    tab.open("/d/obsiverse-endpoint")
    box = tab.panel("Requests by status").locator(".u-over").bounding_box()
    assert box is not None
    mouse, middle = tab.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] * 0.5, middle)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.6, middle, steps=4)
    mouse.move(box["x"] + box["width"] * 0.75, middle, steps=4)
    mouse.up()
    tab.until("!new URLSearchParams(location.search).get('from')?.startsWith('now')")
    tab.ready()
    start, end = (int(parameters(tab)[name][0]) for name in ("from", "to"))
    # A quarter of half an hour, give or take a pixel's worth.
    assert end - start == pytest.approx(7.5 * 60_000, rel=0.1)
    assert "error" not in {panel["state"] for panel in tab.panels()}
    assert tab.faults == []


def test_an_exemplar_leads_to_its_trace(tab: Tab, stack: Any, eventually: Callable[..., Any]):
    def marks() -> Any:
        tab.open("/d/obsiverse-endpoint", render="1")
        return tab.page.locator("[data-exemplar]:not([data-exemplar=''])").all()

    # The last one is the newest: its trace is on its way for some seconds yet.
    mark = eventually(marks, within=90)[0]
    trace = mark.get_attribute("data-exemplar")
    mark.dispatch_event("click")
    expect(tab.page.locator('[role=dialog] [data-testid="waterfall"]')).to_be_visible(timeout=20_000)
    assert tab.page.locator("[role=dialog] [data-span]").count() > 0
    assert parameters(tab)["traceId"] == [trace]
    assert tab.faults == []


def test_dark_and_light_are_kept_for_the_next_visit(tab: Tab):
    def background() -> str:
        return tab.page.evaluate("getComputedStyle(document.body).backgroundColor")

    tab.open("/d/obsiverse-executive")
    dark = background()
    assert tab.page.evaluate("document.body.className") == "theme-dark"
    tab.page.keyboard.press("d")
    tab.page.keyboard.press("l")
    tab.page.wait_for_selector("body.theme-light")
    light = background()
    assert light != dark
    tab.open("/d/obsiverse-platform")
    assert background() == light
    tab.open("/d/obsiverse-platform", theme="dark")
    assert background() == dark
    assert tab.faults == []


def test_a_panel_fills_the_page_and_gives_it_back(tab: Tab):
    tab.open("/d/obsiverse-endpoint")
    everything = len(tab.panels())
    tab.panel("Requests by status").hover()
    tab.page.keyboard.press("v")
    tab.page.wait_for_url("**viewPanel=panel-**")
    tab.ready()
    assert [panel["title"] for panel in tab.panels()] == ["Requests by status"]
    tab.page.keyboard.press("Escape")
    tab.until("(before) => document.querySelectorAll('[data-panel-key]').length === before", everything)
    assert tab.faults == []
