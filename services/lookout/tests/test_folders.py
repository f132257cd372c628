"""Folders: made, found, changed by one at a time, deleted with what is in them."""

from __future__ import annotations

import time

import httpx
import pytest
from running import Lookout


def make(lookout: Lookout, title: str = "folder", **members: str) -> dict[str, object]:
    answer = lookout.admin.post("/api/folders", json={"title": title, **members})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_folder_is_found_by_uid_and_by_number(lookout: Lookout) -> None:
    folder = make(lookout, "Möbel & more")
    assert folder["url"] == f"/dashboards/f/{folder['uid']}/mobel-more"
    assert lookout.anonymous.get(f"/api/folders/{folder['uid']}").json()["title"] == "Möbel & more"
    assert lookout.anonymous.get(f"/api/folders/id/{folder['id']}").json()["uid"] == folder["uid"]
    assert folder["uid"] in [each["uid"] for each in lookout.anonymous.get("/api/folders").json()]


def test_second_change_of_the_same_version_is_412(lookout: Lookout) -> None:
    folder = make(lookout)
    path = f"/api/folders/{folder['uid']}"
    assert lookout.admin.put(path, json={"title": "first", "version": folder["version"]}).json()["version"] == 2
    refused = lookout.admin.put(path, json={"title": "second", "version": folder["version"]})
    assert refused.status_code == 412
    assert refused.json()["status"] == "version-mismatch"
    assert lookout.admin.put(path, json={"title": "second", "overwrite": True}).json()["title"] == "second"


@pytest.mark.parametrize(
    "body", [{}, {"title": " "}, {"title": 5}, {"title": "x", "uid": "a/b"}, {"title": "x", "uid": "u" * 41}]
)
def test_bad_folder_is_400(lookout: Lookout, body: dict[str, object]) -> None:
    assert lookout.admin.post("/api/folders", json=body).status_code == 400


def test_uid_that_is_taken_is_409(lookout: Lookout) -> None:
    uid = f"taken-{time.monotonic_ns()}"
    make(lookout, uid=uid)
    assert lookout.admin.post("/api/folders", json={"title": "x", "uid": uid}).status_code == 409


def test_folder_goes_with_what_is_in_it(lookout: Lookout) -> None:
    outer = make(lookout, "outer")
    inner = make(lookout, "inner", parentUid=str(outer["uid"]))
    saved = lookout.save({"title": "in it"}, folderUid=inner["uid"]).json()
    assert [each["uid"] for each in lookout.admin.get("/api/folders", params={"parentUid": outer["uid"]}).json()] == [
        inner["uid"]
    ]
    assert lookout.admin.get(f"/api/folders/{inner['uid']}/counts").json()["dashboard"] == 1
    assert lookout.admin.delete(f"/api/folders/{outer['uid']}").status_code == 200
    for path in (f"/api/folders/{inner['uid']}", f"/api/dashboards/uid/{saved['uid']}"):
        assert lookout.admin.get(path).status_code == 404


def test_folder_is_not_moved_into_itself(lookout: Lookout) -> None:
    outer = make(lookout, "outer")
    inner = make(lookout, "inner", parentUid=str(outer["uid"]))

    def move(folder: dict[str, object], parent: object) -> httpx.Response:
        return lookout.admin.post(f"/api/folders/{folder['uid']}/move", json={"parentUid": parent})

    assert move(outer, inner["uid"]).status_code == 400
    assert move(outer, outer["uid"]).status_code == 400
    assert move(inner, "").status_code == 200
    assert "parentUid" not in lookout.admin.get(f"/api/folders/{inner['uid']}").json()


def test_permissions_that_would_change_nothing_are_refused(lookout: Lookout) -> None:
    folder = make(lookout)
    assert lookout.admin.get(f"/api/folders/{folder['uid']}/permissions").json()[0]["role"] == "Viewer"
    assert lookout.admin.post(f"/api/folders/{folder['uid']}/permissions", json={"items": []}).status_code == 501
