"""Reports: where pictures are cut, ranges in words, the document, and what is said where there can be none."""

from __future__ import annotations

import html
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_lookout.report.document import Front, document, footer
from obsiverse_lookout.report.draw import Drawing, Panel, address
from obsiverse_lookout.report.grafana import Dashboard, Grafana
from obsiverse_lookout.report.order import About, Order, ReportError
from obsiverse_lookout.report.pages import GAP, SQUEEZE, cuts
from obsiverse_lookout.report.words import spoken_range
from running import Lookout

NOW = 1_795_854_600.0  # 28 November 2026, 08:30 UTC
EXECUTIVE = Dashboard("obsiverse-executive", "Executive", "Is each model healthy.", "now-1h", "now", ("AWS X-Ray",))


def panel(top: float, bottom: float, state: str = "done", title: str = "Requests") -> Panel:
    return Panel(top, bottom, title, state, "")


@given(st.lists(st.integers(40, 900), min_size=1, max_size=30), st.integers(950, 2000))
def test_cuts_cover_the_picture_and_go_through_no_panel_that_fits(heights: list[int], most: int) -> None:
    panels, top = list[Panel](), 0.0
    for height in heights:
        panels.append(panel(top + 8, top + height))
        top += height
    parts = cuts(top, most, panels, [])
    assert parts[0][0] == 0
    assert parts[-1][1] == top
    assert all(before[1] == after[0] for before, after in pairwise(parts))
    assert all(bottom - start <= most * SQUEEZE for start, bottom in parts)
    assert not [at for _, at in parts[:-1] for each in panels if each.top < at < each.bottom]


def test_a_cut_is_before_a_heading_where_that_leaves_no_half_empty_page() -> None:
    panels = [panel(40, 420), panel(430, 820), panel(870, 980), panel(990, 1500)]
    assert cuts(1500, 1000, panels, [5, 830]) == [(0, 830 - GAP), (830 - GAP, 1500)]
    # Here it would leave the page half empty.
    panels = [panel(40, 420), panel(470, 820), panel(830, 980), panel(990, 1500)]
    assert cuts(1500, 1000, panels, [5, 430]) == [(0, 990 - GAP), (990 - GAP, 1500)]


def test_a_panel_higher_than_a_page_is_cut() -> None:
    assert cuts(3000, 1000, [panel(0, 3000)], [])[:2] == [(0, 1000), (1000, 2000)]


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("now-1h", "now", "The last hour: 28 November 2026, 07:30 to 08:30 UTC"),
        ("now-24h", "now", "The last 24 hours: 27 November 2026, 08:30 to 28 November 2026, 08:30 UTC"),
        ("now-7d", "now", "The last 7 days: 21 November 2026, 08:30 to 28 November 2026, 08:30 UTC"),
        ("now-2h", "now-1h", "28 November 2026, 06:30 to 07:30 UTC"),
        ("2026-11-01T00:00", "2026-11-02T12:00", "1 November 2026, 00:00 to 2 November 2026, 12:00 UTC"),
    ],
)
def test_a_range_in_plain_words(start: str, end: str, words: str) -> None:
    assert spoken_range(start, end, NOW, UTC) == words


@pytest.mark.parametrize(("start", "end"), [("yesterday", "now"), ("now", "now-1h"), ("", "now")])
def test_a_range_that_is_none_is_refused_with_examples(start: str, end: str) -> None:
    with pytest.raises(ReportError) as caught:
        spoken_range(start, end, NOW)
    assert "now-24h" in caught.value.hint


def test_an_address_holds_what_was_chosen() -> None:
    order = Order(url="http://127.0.0.1:3000/", out=Path("x"), variables={"endpoint": ["a b", "c"]}, theme="dark")
    assert address(order, EXECUTIVE, "now-1h", "now") == (
        "http://127.0.0.1:3000/d/obsiverse-executive?from=now-1h&to=now&var-endpoint=a+b&var-endpoint=c"
        "&theme=dark&kiosk=1&render=1&refresh="
    )


def drawing(*panels: Panel, dashboard: Dashboard = EXECUTIVE, height: int = 1000) -> Drawing:
    return Drawing(dashboard, Path("/x/a.png"), "http://x/d/a?from=1&to=2", 1400, height, panels, ())


def front(**values: Any) -> Front:
    about = About(target="local", account="000000000000", region="us-east-1", emulated=True)
    return Front(
        **({"made": "today", "range": "The last hour", "drawn_by": "Lookout", "about": about, "variables": {}} | values)
    )


def test_the_document_says_where_when_and_from_what() -> None:
    text = document(front(variables={"endpoint": ["clinical"]}), [drawing(panel(0, 900))])
    for said in ("The last hour", "000000000000", "us-east-1", "endpoint: clinical", "AWS X-Ray", "not a bill"):
        assert said in text
    assert text.count('class="page') == 2
    assert "obsiverse report · local · today" in footer(front())


def test_the_contents_name_the_page_of_each_dashboard() -> None:
    tall = [panel(100 * n + 5, 100 * n + 100) for n in range(50)]
    other = Dashboard("b", "Traces", "", "now-1h", "now", ())
    text = document(front(), [drawing(*tall, height=5000), drawing(dashboard=other)])
    pages = text.split('<section class="page')
    place = next(number for number, page in enumerate(pages) if 'id="b"' in page)
    assert f"<b>Traces</b><span>{place}</span>" in pages[1]
    assert place > 3


def test_panels_that_failed_or_are_empty_are_named() -> None:
    text = document(front(), [drawing(panel(0, 9, "error", "Drift"), panel(0, 9, "empty", "GPU"), panel(0, 9))])
    assert "Not drawn, because of an error:</b> Drift." in text
    assert "Without data in this time:</b> GPU." in text


@given(st.text(min_size=1))
def test_no_text_becomes_markup(text: str) -> None:
    hostile = f"<script>{text}</script>\"'"
    dashboard = Dashboard("a", hostile, hostile, "now-1h", "now", ())
    made = document(
        front(range=hostile, variables={hostile: [hostile]}),
        [drawing(panel(0, 9, "error", hostile), dashboard=dashboard)],
    )
    assert "<script" not in made
    assert html.escape(hostile) in made
    assert "<script" not in footer(front(made=hostile))


def test_dashboards_come_as_named_or_all_with_the_managers_first(start: Callable[..., Lookout]) -> None:
    lookout = start()
    for uid, title in (("obsiverse-alerts", "Alerts"), ("obsiverse-executive", "Executive"), ("own", "Zebra")):
        assert lookout.save({"uid": uid, "title": title, "panels": [{"id": 1, "type": "text"}]}).status_code == 200
    server = Grafana(lookout.url)
    assert server.is_lookout
    assert [each.title for each in server.find([])] == ["Executive", "Alerts", "Zebra"]
    assert [each.title for each in server.find(["zebra", "ALERTS", "own", "obsiverse-alerts"])] == ["Zebra", "Alerts"]
    with pytest.raises(ReportError, match="no dashboard sales") as caught:
        server.find(["alerts", "sales"])
    assert caught.value.hint == "There are: alerts, executive, own."


def ordered(**order: Any) -> tuple[int, dict[str, str]]:
    """Exit code, and the last line."""
    command = [sys.executable, "-m", "obsiverse_lookout.report"]
    done = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_what_cannot_be_is_said_with_the_next_step(tmp_path: Path) -> None:
    code, told = ordered(url="http://127.0.0.1:9", out=str(tmp_path), chromium=str(tmp_path / "none"))
    assert code == 1
    assert "Chromium" in told["hint"]
    code, told = ordered(url="http://127.0.0.1:9", out=str(tmp_path), chromium=sys.executable)
    assert code == 1
    assert "http://127.0.0.1:9" in told["error"]
    assert "make up" in told["hint"]
    code, told = ordered(url="http://127.0.0.1:9", out=str(tmp_path), width=5)
    assert code == 1
    assert told["error"].startswith("width: ")
