"""What every endpoint has in common: Grafana's error shape, headers, compression; plugins and settings."""

from __future__ import annotations

import pytest
from running import Lookout


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/nothing"),
        ("POST", "/api/reports"),
        ("DELETE", "/api/search"),
        ("GET", "/api/snapshots/x"),
        ("GET", "/api/folders/none"),
        ("GET", "/api/dashboards/uid/none"),
        ("GET", "/apis/dashboard.grafana.app/v2beta1/namespaces/default/dashboards"),
        ("GET", "/nothing.js"),
    ],
)
def test_what_is_not_known_is_404_in_grafanas_shape(lookout: Lookout, method: str, path: str) -> None:
    answer = lookout.admin.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["message"]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"\xff\xfe", b'"text"', b"[" * 100_000, b'{"title": NaN}', b'{"title": "\\ud800"}']
)
def test_bad_body_is_400(lookout: Lookout, body: bytes) -> None:
    answer = lookout.admin.post("/api/folders", content=body)
    assert answer.status_code == 400
    assert "bad request data" in answer.json()["message"]


def test_body_that_is_too_long_is_413(lookout: Lookout) -> None:
    assert lookout.admin.post("/api/folders", content=b" " * (16 * 1024 * 1024 + 1)).status_code == 413


def test_every_answer_says_that_it_is_data(lookout: Lookout) -> None:
    for path in ("/api/health", "/api/search", "/api/nothing"):
        headers = lookout.anonymous.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]


def test_health_and_settings_say_the_version_that_clients_compare(lookout: Lookout) -> None:
    health = lookout.anonymous.get("/api/health").json()
    settings = lookout.anonymous.get("/api/frontend/settings").json()
    assert health["database"] == "ok"
    assert health["version"] == settings["buildInfo"]["version"]
    assert int(health["version"].split(".")[0]) == 12


def test_settings_show_data_sources_without_secrets(lookout: Lookout) -> None:
    lookout.add_source(
        "shown", "prometheus", url="http://127.0.0.1:1", secureJsonData={"basicAuthPassword": "hidden-one"}
    )
    answer = lookout.anonymous.get("/api/frontend/settings")
    assert answer.json()["datasources"]["shown"]["uid"] == "shown"
    assert "hidden-one" not in answer.text
    assert lookout.admin.delete("/api/datasources/uid/shown").status_code == 200


def test_plugin_that_lookout_stands_in_for_can_be_installed_and_no_other(lookout: Lookout) -> None:
    listed = {plugin["id"] for plugin in lookout.anonymous.get("/api/plugins").json()}
    assert {"grafana-x-ray-datasource", "cloudwatch", "timeseries"} <= listed
    assert lookout.admin.post("/api/plugins/grafana-x-ray-datasource/install", json={}).status_code == 200
    assert lookout.anonymous.get("/api/plugins/grafana-x-ray-datasource/settings").json()["enabled"]
    refused = lookout.admin.post("/api/plugins/grafana-oncall-app/install", json={})
    assert refused.status_code == 404
    assert "grafana-oncall-app" in refused.json()["message"]
    assert lookout.admin.post("/api/plugins/cloudwatch/install", json={}).status_code == 400
