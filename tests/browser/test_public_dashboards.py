"""Dashboards that the project did not write: each panel draws, is empty, or names what is not supported."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.conftest import Tab

VARIABLE = "OBSIVERSE_PUBLIC_DASHBOARDS"
FOLDER = os.environ.get(VARIABLE)
FILES = sorted(Path(FOLDER).glob("*.json")) if FOLDER else []
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not FILES, reason=f"{VARIABLE} names no folder with dashboards' JSON"),
]
SOURCE = {"type": "prometheus", "uid": "test-public"}


@pytest.fixture(scope="module")
def source(lookout: httpx.Client, stack: Any) -> Iterator[None]:
    """A plain Prometheus data source, which public dashboards are made for: the stack's, or one that has what they show."""
    url = os.environ.get("OBSIVERSE_PUBLIC_PROMETHEUS") or stack.url("prometheus", 9090)
    made = {**SOURCE, "name": "public", "access": "proxy", "url": url}
    assert lookout.post("/api/datasources", json=made).status_code == 200
    yield
    lookout.delete(f"/api/datasources/uid/{SOURCE['uid']}")


def imported(value: Any) -> Any:
    """A dashboard as an import leaves it: what names a Prometheus of its author's names ours."""
    if isinstance(value, list):
        return [imported(each) for each in value]
    if not isinstance(value, dict):
        return value
    given = value.get("datasource")
    prometheus = isinstance(given, dict) and given.get("type") == "prometheus"
    if prometheus or (isinstance(given, str) and not given.startswith("-- ")):
        value = value | {"datasource": SOURCE}
    return {name: each if name == "datasource" else imported(each) for name, each in value.items()}


def flat(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Panels, those in rows too."""
    for panel in panels:
        yield panel
        yield from flat(panel.get("panels") or [])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_public_dashboard_loads_or_says_what_it_lacks(
    tab: Tab, put: Callable[..., str], source: None, file: Path, capsys: Any
):
    dashboard = imported(json.loads(file.read_text()))
    members = {name: value for name, value in dashboard.items() if name not in ("id", "uid", "version", "title")}
    # Rows that are closed hide what is to be seen.
    for panel in members.get("panels", []):
        panel["collapsed"] = False
    tab.open(put(**members), render="1")
    panels = tab.panels()
    assert panels, tab.page.locator("body").inner_text()
    found = Counter(outcome(panel) for panel in panels)
    with capsys.disabled():
        print(f"\n{file.stem}: {dict(found)}")
    assert found.keys() <= {"done", "empty", "not supported", "refused"}, [
        panel for panel in panels if panel["state"] not in ("done", "empty")
    ]
    assert tab.faults == []


def outcome(panel: dict[str, str]) -> str:
    """What became of a panel, in a word."""
    if "is not supported by Lookout" in panel["text"]:
        return "not supported"
    # Queries that no Prometheus understands are their authors' own.
    if panel["state"] == "error" and "parse error" in panel["text"]:
        return "refused"
    return panel["state"]
