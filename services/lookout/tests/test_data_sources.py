"""Data sources: their settings, their secrets, and what of their own API is passed on."""

from __future__ import annotations

import time
from typing import Any

import pytest
from running import Lookout, free_address


@pytest.fixture
def name(lookout: Lookout) -> Any:
    made = f"source-{time.monotonic_ns()}"
    yield made
    lookout.admin.delete(f"/api/datasources/uid/{made}")


def test_secrets_go_in_and_never_out(lookout: Lookout, name: str) -> None:
    lookout.add_source(
        name, "cloudwatch", jsonData={"authType": "keys"}, secureJsonData={"accessKey": "AKIA1", "secretKey": "s3cret"}
    )
    for path in (f"uid/{name}", f"name/{name}", ""):
        answer = lookout.admin.get(f"/api/datasources/{path}".rstrip("/"))
        assert answer.status_code == 200
        assert "s3cret" not in answer.text
    shown = lookout.admin.get(f"/api/datasources/uid/{name}").json()
    assert shown["secureJsonFields"] == {"accessKey": True, "secretKey": True}
    # A change that does not name a secret leaves it there.
    shown["jsonData"]["defaultRegion"] = "eu-west-1"
    changed = lookout.admin.put(
        f"/api/datasources/uid/{name}", json=shown | {"secureJsonData": {"secretKey": "n3w"}}
    ).json()
    assert changed["datasource"]["secureJsonFields"] == {"accessKey": True, "secretKey": True}
    assert changed["datasource"]["jsonData"]["defaultRegion"] == "eu-west-1"


def test_source_is_found_by_number_uid_and_name(lookout: Lookout, name: str) -> None:
    lookout.add_source(name, "prometheus", url="http://127.0.0.1:9")
    number = lookout.anonymous.get(f"/api/datasources/id/{name}").json()["id"]
    assert lookout.admin.get(f"/api/datasources/{number}").json()["uid"] == name
    assert lookout.admin.delete(f"/api/datasources/name/{name}").status_code == 200
    assert lookout.admin.get(f"/api/datasources/{number}").status_code == 404


def test_only_one_is_the_default(lookout: Lookout, name: str) -> None:
    lookout.add_source(name, "prometheus", url="http://127.0.0.1:9", isDefault=True)
    lookout.add_source(f"{name}-2", "prometheus", url="http://127.0.0.1:9", isDefault=True)
    sources = {each["name"]: each["isDefault"] for each in lookout.admin.get("/api/datasources").json()}
    assert (sources[name], sources[f"{name}-2"]) == (False, True)
    assert lookout.admin.delete(f"/api/datasources/uid/{name}-2").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": "x"}, 400),
        ({"name": "x", "type": "loki"}, 400),
        ({"name": "x", "type": "prometheus", "jsonData": [1]}, 400),
        ({"name": "x", "type": "prometheus", "uid": "a/b"}, 400),
    ],
)
def test_bad_source_is_refused(lookout: Lookout, body: dict[str, Any], status: int) -> None:
    assert lookout.admin.post("/api/datasources", json=body).status_code == status


def test_stale_change_and_taken_name_are_409(lookout: Lookout, name: str) -> None:
    lookout.add_source(name, "prometheus", url="http://127.0.0.1:9")
    body = lookout.admin.get(f"/api/datasources/uid/{name}").json()
    assert lookout.admin.put(f"/api/datasources/uid/{name}", json=body).status_code == 200
    assert lookout.admin.put(f"/api/datasources/uid/{name}", json=body).status_code == 409
    assert lookout.admin.post("/api/datasources", json={"name": name, "type": "prometheus"}).status_code == 409


def test_health_tells_a_source_that_answers_from_one_that_does_not(
    lookout: Lookout, name: str, prometheus: str
) -> None:
    lookout.add_source(name, "prometheus", url=prometheus)
    assert lookout.anonymous.get(f"/api/datasources/uid/{name}/health").json()["status"] == "OK"
    lookout.add_source(f"{name}-dead", "prometheus", url=f"http://{free_address()}")
    dead = lookout.anonymous.get(f"/api/datasources/uid/{name}-dead/health")
    assert (dead.status_code, dead.json()["status"]) == (400, "ERROR")
    assert f"{name}-dead does not answer at http://" in dead.json()["message"]
    lookout.admin.delete(f"/api/datasources/uid/{name}-dead")


def test_what_reads_is_passed_on_and_nothing_else(lookout: Lookout, name: str, prometheus: str) -> None:
    lookout.add_source(name, "prometheus", url=prometheus)
    for path in (f"/api/datasources/uid/{name}/resources", f"/api/datasources/proxy/uid/{name}"):
        values = lookout.anonymous.get(f"{path}/api/v1/label/zone/values", params={"match[]": "plain"})
        assert values.json()["data"] == ["a", "b"]
        answer = lookout.anonymous.post(f"{path}/api/v1/query", data={"query": "plain"})
        assert len(answer.json()["data"]["result"]) == 2
        for method, refused in (
            ("POST", "api/v1/admin/tsdb/delete_series"),
            ("POST", "-/quit"),
            ("GET", "api/v1/label/../../../-/config/values"),
            ("GET", "api/v1/status/config"),
        ):
            answer = lookout.admin.request(method, f"{path}/{refused}")
            assert answer.status_code == 404, refused


def test_source_of_aws_has_no_proxy_and_says_which_resources_it_has(lookout: Lookout, name: str) -> None:
    lookout.add_source(name, "cloudwatch", jsonData={"defaultRegion": "us-east-1"})
    assert lookout.anonymous.get(f"/api/datasources/proxy/uid/{name}/x").status_code == 404
    refused = lookout.anonymous.get(f"/api/datasources/uid/{name}/resources/nothing")
    assert refused.status_code == 404
    assert "dimension-values" in refused.json()["message"]
    regions = lookout.anonymous.get(f"/api/datasources/uid/{name}/resources/regions").json()
    assert {"value": {"name": "eu-central-1"}} in regions
