"""Who may do what: admin, tokens, anonymous viewers."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Callable

import httpx
import pytest
from running import Lookout, eventually


def test_password_file_is_made_once_and_for_the_owner_only(start: Callable[..., Lookout]) -> None:
    lookout = start()
    password, file = lookout.password, lookout.data / "admin-password"
    assert len(password) >= 24
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lookout.restart()
    assert lookout.password == password
    assert lookout.admin.get("/api/user").json()["login"] == "admin"


def test_wrong_password_is_refused_as_grafana_refuses_it(lookout: Lookout) -> None:
    answer = httpx.get(f"{lookout.url}/api/org", auth=("admin", "wrong"))
    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid username or password"


def test_anonymous_views_the_main_organisation_and_no_other(lookout: Lookout) -> None:
    assert lookout.anonymous.get("/api/org").json()["name"] == "Main Org."
    other = lookout.admin.post("/api/orgs", json={"name": f"other-{time.monotonic_ns()}"}).json()["orgId"]
    assert lookout.anonymous.get("/api/org", headers={"X-Grafana-Org-Id": str(other)}).status_code == 401
    assert lookout.anonymous.get("/api/user").status_code == 401


@pytest.mark.parametrize(
    ("role", "method", "path", "allowed"),
    [
        ("Viewer", "POST", "/api/folders", False),
        ("Viewer", "POST", "/api/dashboards/db", False),
        ("Viewer", "GET", "/api/datasources", False),
        ("Viewer", "GET", "/api/search", True),
        ("Editor", "POST", "/api/folders", True),
        ("Editor", "POST", "/api/datasources", False),
        ("Editor", "POST", "/api/serviceaccounts", False),
        ("Admin", "POST", "/api/datasources", True),
        ("Admin", "GET", "/api/orgs", False),
        ("None", "GET", "/api/search", False),
    ],
)
def test_role_decides(lookout: Lookout, role: str, method: str, path: str, allowed: bool) -> None:
    with lookout.client(lookout.token(role)) as client:
        answer = client.request(method, path, json={} if method == "POST" else None)
    # What is allowed may still be a bad request.
    assert (answer.status_code != 403) is allowed, answer.text
    if not allowed:
        assert answer.json()["title"] == "Access denied"


def test_token_has_grafanas_form_and_only_its_hash_is_kept(lookout: Lookout) -> None:
    token = lookout.token()
    prefix, secret, checksum = token.split("_")
    assert (prefix, len(secret), len(checksum)) == ("glsa", 32, 8)
    with sqlite3.connect(lookout.data / "lookout.db") as database:
        assert secret not in "\n".join(database.iterdump())
    listed = lookout.admin.get("/api/serviceaccounts/search").json()["serviceAccounts"]
    tokens = lookout.admin.get(f"/api/serviceaccounts/{listed[-1]['id']}/tokens").text
    assert secret not in tokens


def test_expired_token_is_refused(lookout: Lookout) -> None:
    with lookout.client(lookout.token(secondsToLive=1)) as client:
        assert client.get("/api/org").status_code == 200
        answer = eventually(lambda: refused if (refused := client.get("/api/org")).status_code == 401 else None)
    assert answer.json()["message"] == "Expired API key"


@pytest.mark.parametrize("end", ["delete", "disable"])
def test_token_ends_with_its_account(lookout: Lookout, end: str) -> None:
    token = lookout.token()
    with lookout.client(token) as client:
        assert client.get("/api/org").status_code == 200
        account = lookout.admin.get("/api/serviceaccounts/search").json()["serviceAccounts"][-1]
        path = f"/api/serviceaccounts/{account['id']}"
        if end == "delete":
            assert lookout.admin.delete(path).status_code == 200
        else:
            assert lookout.admin.patch(path, json={"isDisabled": True}).status_code == 200
        assert client.get("/api/org").status_code == 401


def test_token_acts_in_its_own_organisation_only(lookout: Lookout) -> None:
    org = lookout.admin.post("/api/orgs", json={"name": f"team-{time.monotonic_ns()}"}).json()["orgId"]
    with lookout.client(lookout.token("Admin", org)) as client:
        assert client.get("/api/org").json()["id"] == org
        assert client.get("/api/org", headers={"X-Grafana-Org-Id": "1"}).status_code == 401
        assert client.post("/api/folders", json={"title": "theirs", "uid": "theirs"}).status_code == 200
        assert lookout.admin.get("/api/folders/theirs").status_code == 404
        assert lookout.admin.get("/api/folders/theirs", headers={"X-Grafana-Org-Id": str(org)}).status_code == 200
        assert lookout.admin.delete(f"/api/orgs/{org}").status_code == 200
        assert client.get("/api/org").status_code == 401


def test_nobody_makes_an_account_above_their_own_role(lookout: Lookout) -> None:
    with lookout.client(lookout.token("Admin")) as client:
        made = client.post("/api/serviceaccounts", json={"name": f"peer-{time.monotonic_ns()}", "role": "Admin"})
        assert made.status_code == 201
        assert client.post("/api/serviceaccounts", json={"name": "x", "role": "GrafanaAdmin"}).status_code in (400, 403)


@pytest.mark.parametrize("lives", [-1, 1.5, "soon", True])
def test_token_life_that_is_no_number_of_seconds_is_refused(lookout: Lookout, lives: object) -> None:
    made = lookout.admin.post("/api/serviceaccounts", json={"name": f"short-{time.monotonic_ns()}"}).json()
    answer = lookout.admin.post(f"/api/serviceaccounts/{made['id']}/tokens", json={"name": "t", "secondsToLive": lives})
    assert answer.status_code == 400
    assert "secondsToLive" in answer.json()["message"]


@pytest.mark.parametrize("header", ["Basic", "Basic !!", "Bearer", "Bearer glsa_x", "Digest x", "Basic " + "YQ=="])
def test_bad_authorization_is_401_never_500(lookout: Lookout, header: str) -> None:
    answer = lookout.anonymous.get("/api/search", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["message"]


def test_organisations_have_unique_names_and_the_main_one_stays(lookout: Lookout) -> None:
    name = f"unique-{time.monotonic_ns()}"
    org = lookout.admin.post("/api/orgs", json={"name": name}).json()["orgId"]
    assert lookout.admin.post("/api/orgs", json={"name": name}).status_code == 409
    assert lookout.admin.get(f"/api/orgs/name/{name}").json()["id"] == org
    assert lookout.admin.put(f"/api/orgs/{org}", json={"name": f"{name}-2"}).status_code == 200
    assert lookout.admin.get(f"/api/orgs/{org}").json()["name"] == f"{name}-2"
    pages = [lookout.admin.get("/api/orgs", params={"perpage": 1, "page": page}).json() for page in range(2)]
    assert [len(page) for page in pages] == [1, 1]
    assert pages[0] != pages[1]
    assert lookout.admin.get("/api/orgs", params={"page": 1}).json() == []
    assert lookout.admin.delete("/api/orgs/1").status_code == 400
    assert lookout.admin.delete(f"/api/orgs/{org}").status_code == 200
    assert lookout.admin.get(f"/api/orgs/{org}").status_code == 404
