"""The page: served for every address that it takes apart itself, compressed, and guarded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from running import Lookout

INDEX = "<!doctype html><title>Lookout</title>"
SCRIPT = "console.log('lookout');\n" * 200


@pytest.fixture
def paged(tmp_path: Path, start: Callable[..., Lookout]) -> Lookout:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text(INDEX)
    (dist / "assets" / "index-4f2a.js").write_text(SCRIPT)
    (dist / "icon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("secret")
    return start(LOOKOUT_PAGE=str(dist))


@pytest.mark.parametrize(
    "path", ["/", "/dashboards", "/dashboards/f/uid/slug", "/d/uid/slug?var-x=1", "/d-solo/uid/slug?panelId=1"]
)
def test_page_answers_its_addresses(paged: Lookout, path: str) -> None:
    answer = paged.anonymous.get(path)
    assert (answer.status_code, answer.text) == (200, INDEX)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "uid"),
    [("/d/uid/slug?var-x=1", "uid"), ("/d-solo/uid?panelId=1", "uid"), ("/d/a%20b%3E%2C%22/x", "a%20b%3E%2C%22")],
)
def test_page_names_the_data_of_its_dashboard(paged: Lookout, path: str, uid: str) -> None:
    links = paged.anonymous.get(path).headers["link"].split(", ")
    assert links[0] == f"</api/dashboards/uid/{uid}>; rel=preload; as=fetch; crossorigin"
    assert links[1].startswith("</api/frontend/settings>; ")


def test_page_without_a_dashboard_names_no_data(paged: Lookout) -> None:
    assert "link" not in paged.anonymous.get("/dashboards").headers


def test_page_runs_only_its_own_scripts(paged: Lookout) -> None:
    headers = paged.anonymous.get("/d/x").headers
    policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
    assert policy["script-src"] == "'self'"
    assert policy["object-src"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff"


def test_hashed_assets_are_kept_for_good_and_compressed(paged: Lookout) -> None:
    answer = paged.anonymous.get("/assets/index-4f2a.js")
    assert answer.text == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(SCRIPT) / 10
    assert "immutable" in answer.headers["cache-control"]
    plain = paged.anonymous.get("/assets/index-4f2a.js", headers={"Accept-Encoding": "identity"})
    assert plain.text == SCRIPT
    assert "content-encoding" not in plain.headers
    again = paged.anonymous.get("/assets/index-4f2a.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert "immutable" not in paged.anonymous.get("/icon.svg").headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["/none.js", "/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "/assets", "/%00", "/index.html"]
)
def test_what_is_not_the_pages_is_404(paged: Lookout, path: str) -> None:
    answer = paged.anonymous.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_page_that_is_not_built_says_how(start: Callable[..., Lookout], tmp_path: Path) -> None:
    lookout = start(LOOKOUT_PAGE=str(tmp_path / "none"))
    answer = lookout.anonymous.get("/")
    assert answer.status_code == 503
    assert "npm run build" in answer.text
    assert lookout.anonymous.get("/api/search").status_code == 200
