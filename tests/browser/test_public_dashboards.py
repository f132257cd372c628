"""Dashboards that the project did not write: each panel draws, is empty, or names what is not supported."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Tab

VARIABLE = "OBSIVERSE_PUBLIC_DASHBOARDS"
FOLDER = os.environ.get(VARIABLE)
FILES = sorted(Path(FOLDER).glob("*.json")) if FOLDER else []
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not FILES, reason=f"{VARIABLE} names no folder with dashboards' JSON"),
]
PROMETHEUS = {"type": "grafana-amazonprometheus-datasource", "uid": "amp"}


def filled(dashboard: Any) -> Any:
    """A dashboard as Grafana's import makes it: its `__inputs` are answered with our data source."""
    inputs = {one["name"]: one for one in dashboard.pop("__inputs", [])}
    text = json.dumps(dashboard)
    for name, one in inputs.items():
        value = "amp" if one["type"] == "datasource" else str(one.get("value", ""))
        text = text.replace("${" + name + "}", value)
    return json.loads(text)


def flat(panels: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Panels, those in rows too."""
    for panel in panels:
        yield panel
        yield from flat(panel.get("panels") or [])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_public_dashboard_loads_or_says_what_it_lacks(tab: Tab, put: Callable[..., str], file: Path, capsys: Any):
    dashboard = filled(json.loads(file.read_text()))
    members = {name: value for name, value in dashboard.items() if name not in ("id", "uid", "version", "title")}
    # Rows that are closed hide what is to be seen.
    for panel in members.get("panels", []):
        panel["collapsed"] = False
    tab.open(put(**members), render="1")
    panels = tab.panels()
    assert panels, tab.page.locator("body").inner_text()
    states: dict[str, int] = {}
    for panel in panels:
        word = "not supported" if "is not supported by Lookout" in panel["text"] else panel["state"]
        states[word] = states.get(word, 0) + 1
    with capsys.disabled():
        print(f"\n{file.stem}: {states}")
        for panel in panels:
            if panel["state"] == "error":
                print(f"  {panel['title']}: {panel['text'][-200:]!r}")
    assert states.keys() <= {"done", "empty", "not supported"}
    assert tab.faults == []
