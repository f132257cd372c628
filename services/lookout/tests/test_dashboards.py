"""Dashboards: what is saved comes back, by one at a time; what can't be read is refused."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import Lookout

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def get(lookout: Lookout, uid: str) -> dict[str, Any]:
    answer = lookout.anonymous.get(f"/api/dashboards/uid/{uid}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(options=JSON, title=st.text(min_size=1).filter(str.strip))
def test_what_is_saved_comes_back_unchanged(lookout: Lookout, options: Any, title: str) -> None:
    panel = {"id": 1, "type": "someone-elses-panel", "options": options, "targets": [{"refId": "A", "expr": title}]}
    dashboard = {"title": title, "uid": "property", "panels": [panel], "schemaVersion": 41, "unknown": options}
    content = json.dumps({"dashboard": dashboard, "overwrite": True})
    answer = lookout.admin.post("/api/dashboards/db", content=content)
    if answer.status_code == 400:
        # A lone surrogate is no text that SQLite can keep.
        assert not content.isprintable() or "\\ud" in content
        return
    kept = get(lookout, "property")["dashboard"]
    assert {key: kept[key] for key in dashboard} == json.loads(json.dumps(dashboard))


def test_second_save_of_the_same_version_is_412(lookout: Lookout) -> None:
    saved = lookout.save({"title": "shared", "schemaVersion": 41}).json()
    assert (saved["status"], saved["version"]) == ("success", 1)
    dashboard = get(lookout, saved["uid"])["dashboard"]
    assert lookout.save(dashboard | {"title": "first"}).json()["version"] == 2
    refused = lookout.save(dashboard | {"title": "second"})
    assert refused.status_code == 412
    assert refused.json()["status"] == "version-mismatch"
    assert lookout.save(dashboard | {"title": "second"}, overwrite=True).json()["version"] == 3


def test_versions_are_kept_and_restored(lookout: Lookout) -> None:
    uid = lookout.save({"title": "one"}, message="begun").json()["uid"]
    lookout.save(get(lookout, uid)["dashboard"] | {"title": "two"})
    versions = lookout.admin.get(f"/api/dashboards/uid/{uid}/versions").json()["versions"]
    assert [(each["version"], each["message"]) for each in versions] == [(2, ""), (1, "begun")]
    assert lookout.admin.get(f"/api/dashboards/uid/{uid}/versions/1").json()["data"]["title"] == "one"
    restored = lookout.admin.post(f"/api/dashboards/uid/{uid}/restore", json={"version": 1}).json()
    assert restored["version"] == 3
    assert get(lookout, uid)["dashboard"]["title"] == "one"
    assert lookout.admin.get(f"/api/dashboards/uid/{uid}/versions/9").status_code == 404


@pytest.mark.parametrize(
    ("dashboard", "said"),
    [
        (None, "dashboard is missing"),
        ([], "dashboard is missing"),
        ({}, "title"),
        ({"title": ""}, "title"),
        ({"title": "x", "schemaVersion": "41"}, "schemaVersion"),
        ({"title": "x", "schemaVersion": 1000}, "newer than"),
        ({"title": "x", "schemaVersion": -1}, "schemaVersion"),
        ({"title": "x", "elements": {}, "layout": {}}, "v2"),
        ({"apiVersion": "dashboard.grafana.app/v2beta1", "kind": "Dashboard", "spec": {"title": "x"}}, "v2"),
        ({"title": "x", "panels": {}}, "panels"),
        ({"title": "x", "panels": [1]}, "panels"),
        ({"title": "x", "tags": "a"}, "tags"),
        ({"title": "x", "uid": "a b"}, "uid"),
    ],
)
def test_dashboard_that_cannot_be_read_is_refused(lookout: Lookout, dashboard: Any, said: str) -> None:
    answer = lookout.save(dashboard)
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_five_megabytes_are_taken(lookout: Lookout) -> None:
    panels = [{"id": index, "type": "text", "options": {"content": "x" * 1000}} for index in range(5000)]
    saved = lookout.save({"title": "big", "panels": panels})
    assert saved.status_code == 200
    assert len(get(lookout, saved.json()["uid"])["dashboard"]["panels"]) == 5000


def test_script_in_a_text_is_kept_as_text_and_answered_as_data(lookout: Lookout) -> None:
    script = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    panel = {"id": 1, "type": "text", "title": script, "options": {"mode": "html", "content": script}}
    saved = lookout.save({"title": script, "panels": [panel]}).json()
    answer = lookout.anonymous.get(f"/api/dashboards/uid/{saved['uid']}")
    assert answer.json()["dashboard"]["panels"][0]["options"]["content"] == script
    assert answer.headers["content-type"] == "application/json"
    assert saved["url"].endswith("/script-alert-1-script-img-src-x-onerror-alert-1")


def test_search_finds_by_title_tag_folder_and_uid(lookout: Lookout) -> None:
    mark = f"m{time.monotonic_ns()}"
    folder = lookout.admin.post("/api/folders", json={"title": f"{mark} folder"}).json()
    inside = lookout.save({"title": f"{mark} inside", "tags": [mark, "both"]}, folderUid=folder["uid"]).json()
    outside = lookout.save({"title": f"{mark} outside", "tags": ["both"]}).json()

    def search(**query: Any) -> list[str]:
        return [each["uid"] for each in lookout.anonymous.get("/api/search", params=query).json()]

    assert search(query=mark) == [folder["uid"], inside["uid"], outside["uid"]]
    assert search(query=mark, type="dash-folder") == [folder["uid"]]
    assert search(query=mark, sort="alpha-desc", type="dash-db") == [outside["uid"], inside["uid"]]
    assert search(tag=mark) == [inside["uid"]]
    assert search(tag=[mark, "nothing"]) == []
    assert search(folderUIDs=folder["uid"]) == [inside["uid"]]
    assert search(dashboardUIDs=outside["uid"]) == [outside["uid"]]
    assert search(query=mark, limit=1, page=2) == [inside["uid"]]
    found = lookout.anonymous.get("/api/search", params={"tag": mark}).json()[0]
    assert (found["folderTitle"], found["url"]) == (f"{mark} folder", inside["url"])


def test_deleted_dashboard_is_gone(lookout: Lookout) -> None:
    uid = lookout.save({"title": "short"}).json()["uid"]
    assert lookout.admin.delete(f"/api/dashboards/uid/{uid}").json()["title"] == "short"
    assert lookout.anonymous.get(f"/api/dashboards/uid/{uid}").status_code == 404
    assert lookout.save({"title": "x", "id": 99999}).status_code == 404


def test_dashboards_outlive_the_process(start: Any) -> None:
    lookout: Lookout = start()
    uid = lookout.save({"title": "kept"}).json()["uid"]
    lookout.restart()
    assert get(lookout, uid)["dashboard"]["title"] == "kept"
