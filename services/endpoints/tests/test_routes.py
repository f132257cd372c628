"""Routes: written by the edge, kept on disk."""

from __future__ import annotations

import signal
import sqlite3

import httpx
import pytest

DOCUMENT = {
    "arn": "arn:aws:sagemaker:us-east-1:000000000000:endpoint/e",
    "variants": [
        {
            "name": "v",
            "weight": 1.0,
            "instances": [{"id": "i-1", "containers": [{"hostname": "c", "url": "http://127.0.0.1:20000"}]}],
        }
    ],
}
PATH = "/_obsiverse/routes/000000000000/us-east-1/e"


def test_acknowledged_routes_survive_kill_9_and_serve_again(own_service, shared_container):
    for number in range(5):
        own_service.route(f"e{number}", {"AllTraffic": (1, [shared_container.instance()])})
    httpx.delete(f"{own_service.url}/_obsiverse/routes/000000000000/us-east-1/e4").raise_for_status()
    own_service.end(signal.SIGKILL)
    own_service.start()
    found = httpx.get(f"{own_service.url}/_obsiverse/routes").json()["routes"]
    assert {route["endpoint"] for route in found} == {"e0", "e1", "e2", "e3"}
    answer = own_service.client().invoke_endpoint(EndpointName="e3", Body=b"1")
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_route_is_read_back_as_it_was_put(service):
    assert httpx.put(f"{service.url}{PATH}", json=DOCUMENT).json() == DOCUMENT
    assert httpx.get(f"{service.url}{PATH}").json() == DOCUMENT
    listed = httpx.get(f"{service.url}/_obsiverse/routes").json()["routes"]
    assert {"account": "000000000000", "region": "us-east-1", "endpoint": "e", **DOCUMENT} in listed


def test_containers_whose_metrics_are_read_are_found_by_prometheus(own_service):
    container = {"hostname": "c", "url": "http://127.0.0.1:20000", "metrics": {"path": "/m", "seconds": 30}}
    observed = {"id": "i-1", "type": "ml.m5.large", "containers": [container]}
    other = {**container, "hostname": "d", "url": "http://127.0.0.1:20001"}
    chain = {"id": "i-2", "containers": [container, other, {"hostname": "silent", "url": "http://127.0.0.1:20002"}]}
    variant = {"name": "v", "weight": 1, "instances": [observed], "pending": {"share": 0.5, "instances": [chain]}}
    httpx.put(f"{own_service.url}{PATH}", json={"arn": "a", "variants": [variant]}).raise_for_status()
    answer = httpx.get(f"{own_service.url}/_obsiverse/observability")
    assert answer.headers["content-type"] == "application/json"
    first, *others = answer.json()
    assert first == {
        "targets": ["127.0.0.1:20000"],
        "labels": {
            "__metrics_path__": "/m",
            "__scrape_interval__": "30s",
            "instance": "i-1",
            "aws.sagemaker.endpoint.name": "e",
            "aws.sagemaker.variant.name": "v",
            "aws.sagemaker.container.id": "c",
            "host.id": "i-1",
            "host.type": "ml.m5.large",
        },
    }
    assert [one["labels"]["instance"] for one in others] == ["i-2/c", "i-2/d"]


def test_deleted_route_is_gone_and_deleting_again_is_harmless(service):
    httpx.put(f"{service.url}{PATH}", json=DOCUMENT).raise_for_status()
    assert [httpx.delete(f"{service.url}{PATH}").status_code for _ in range(2)] == [204, 204]
    answer = httpx.get(f"{service.url}{PATH}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"variants": []},
        {"variants": [{"name": "v", "weight": -1}]},
        {"variants": [{"name": "v", "weight": 1}, {"name": "v", "weight": 2}]},
        {
            "variants": [
                {
                    "name": "v",
                    "weight": 1,
                    "instances": [{"id": "i", "containers": [{"hostname": "c", "url": "ftp://host"}]}],
                }
            ]
        },
        {
            "variants": [
                {
                    "name": "v",
                    "weight": 1,
                    "instances": [{"id": "i", "containers": [{"hostname": "c", "url": "http://h:1/path"}]}],
                }
            ]
        },
        {"arn": None},
        {"unknown": 1},
    ],
)
def test_invalid_route_is_refused_and_changes_nothing(service, change):
    httpx.put(f"{service.url}{PATH}", json=DOCUMENT).raise_for_status()
    answer = httpx.put(f"{service.url}{PATH}", json={**DOCUMENT, **change})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_route")
    assert httpx.get(f"{service.url}{PATH}").json() == DOCUMENT


def test_route_that_can_not_be_written_is_refused_and_not_served(own_service, tmp_path):
    other = sqlite3.connect(tmp_path / "routes.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    answer = httpx.put(f"{own_service.url}{PATH}", json=DOCUMENT, timeout=30)
    other.execute("ROLLBACK")
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "store_failed")
    assert httpx.get(f"{own_service.url}{PATH}").status_code == 404
