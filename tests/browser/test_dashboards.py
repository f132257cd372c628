"""Every dashboard of the project, as someone sees it who opens it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import PHONE, Tab

pytestmark = pytest.mark.timeout(300)
FILES = sorted((Path(__file__).resolve().parents[2] / "grafana" / "dashboards").glob("*.json"))
# For rates that have to fill, where a stack is young.
WITHIN = 120.0


def reasons(panels: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Id of each panel, and what it says where it has no data; of those in rows too."""
    for panel in panels:
        yield str(panel["id"]), str(panel.get("fieldConfig", {}).get("defaults", {}).get("noValue", ""))
        yield from reasons(panel.get("panels", []))


def faulty(tab: Tab, why_empty: dict[str, str]) -> list[str]:
    """Panels that are neither drawn nor say why they are empty."""
    found = []
    for panel in tab.panels():
        reason = why_empty[panel["id"]]
        explained = panel["state"] == "empty" and reason and reason in panel["text"]
        if panel["state"] != "done" and not explained:
            found.append(f"{panel['title']} is {panel['state']}: {panel['text']!r}")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem.removeprefix("obsiverse-"))
def test_every_panel_is_drawn_or_says_why_not(tab: Tab, file: Path):
    dashboard = json.loads(file.read_text())
    why_empty = dict(reasons(dashboard["panels"]))
    deadline = time.monotonic() + WITHIN
    while True:
        # Drawn at once, also what is out of sight.
        tab.open(f"/d/{dashboard['uid']}", render="1")
        found = faulty(tab, why_empty)
        if not found or time.monotonic() > deadline:
            break
    assert not found, "\n".join(found)
    assert len(tab.panels()) >= 5
    assert tab.too_wide() <= 0
    tab.page.set_viewport_size(PHONE)
    tab.until("document.querySelector('[data-panel-key]').getBoundingClientRect().width > 300")
    tab.ready()
    assert tab.too_wide() <= 0
    assert tab.faults == []


def test_the_list_leads_to_every_dashboard(tab: Tab):
    tab.open("/dashboards")
    for file in FILES:
        dashboard = json.loads(file.read_text())
        assert tab.page.locator(f'a[href^="/d/{dashboard["uid"]}"]').count() > 0
    tab.page.locator('a[href^="/d/obsiverse-executive"]').first.click()
    tab.page.wait_for_selector("[data-panel-key]")
    tab.ready()
    assert "Executive" in tab.page.title()
    assert tab.faults == []
