"""Pictures: drawn by a Chromium where there is one; where there is none, what to install."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from obsiverse_lookout.chromium import NAMES
from running import Lookout

# Stands for the built page: says where it is, asks the API, and that it is drawn.
PAGE = """<!doctype html><body style="margin:0;height:3000px"><script src="/page.js"></script>"""
SCRIPT = """fetch('/api/org').then((answer) => answer.json()).then((org) => {
  document.body.style.background = org.id === 1 ? 'rgb(0, 128, 0)' : 'rgb(200, 0, 0)';
  const ready = () => { document.body.dataset.ready = location.search.includes('never') ? 'false' : 'true'; };
  setTimeout(ready, 300);
});"""
DASHBOARD = {
    "title": "drawn",
    "uid": "drawn",
    "panels": [{"id": 3, "type": "row", "panels": [{"id": 7, "type": "stat"}]}],
}
CHROMIUM = any(shutil.which(name) for name in NAMES)


@pytest.fixture
def paged(tmp_path: Path, start: Callable[..., Lookout]) -> Lookout:
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "index.html").write_text(PAGE)
    (dist / "page.js").write_text(SCRIPT)
    lookout = start(LOOKOUT_PAGE=str(dist))
    assert lookout.save(DASHBOARD).status_code == 200
    return lookout


def size(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on PATH")
def test_picture_has_the_size_that_was_asked_for(paged: Lookout) -> None:
    small = paged.anonymous.get("/render/d-solo/drawn/x?panelId=7&width=300&height=200")
    assert small.status_code == 200, small.text
    assert small.headers["content-type"] == "image/png"
    assert size(small.content) == (300, 200)
    whole = paged.anonymous.get("/render/d/drawn/x?width=400&height=-1&scale=2&tz=Asia/Tokyo")
    assert size(whole.content) == (800, 6000)


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on PATH")
def test_page_that_is_never_drawn_is_504(paged: Lookout) -> None:
    answer = paged.anonymous.get("/render/d/drawn/x?never=1&timeout=3")
    assert answer.status_code in (500, 504)
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/render/d/none/x", 404, "Dashboard not found"),
        ("/render/d-solo/drawn/x?panelId=8", 404, "no panel '8'"),
        ("/render/d-solo/drawn/x", 404, "panelId"),
        ("/render/d/drawn/x?width=1", 400, "width"),
        ("/render/d/drawn/x?height=99999", 400, "height"),
        ("/render/d/drawn/x?scale=x", 400, "scale"),
        ("/render/other/drawn/x", 404, "Not found"),
    ],
)
def test_picture_that_cannot_be_says_why(paged: Lookout, path: str, status: int, said: str) -> None:
    answer = paged.anonymous.get(path)
    assert answer.status_code == status
    assert said in answer.json()["message"]


def test_without_a_browser_it_says_what_to_install(start: Callable[..., Lookout], tmp_path: Path) -> None:
    lookout = start(LOOKOUT_CHROMIUM=str(tmp_path / "none"))
    lookout.save(DASHBOARD)
    answer = lookout.anonymous.get("/render/d/drawn/x")
    assert answer.status_code == 500
    assert "LOOKOUT_CHROMIUM" in answer.json()["message"]
    assert lookout.anonymous.get("/api/frontend/settings").json()["rendererAvailable"] is False
