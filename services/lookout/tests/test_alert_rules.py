"""Alert rules: kept in groups, evaluated against a real Prometheus, their states told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from running import Lookout, eventually, free_address

PATH = "/api/v1/provisioning"


def rule(folder: str, title: str = "Many", expr: str = "plain", limit: float = 1.5, **members: Any) -> dict[str, Any]:
    return {
        "title": title,
        "folderUID": folder,
        "ruleGroup": "group",
        "condition": "C",
        "data": [
            {
                "refId": "A",
                "datasourceUid": "prom",
                "relativeTimeRange": {"from": 60, "to": 0},
                "model": {"expr": expr, "range": True, "intervalMs": 1000},
            },
            {
                "refId": "B",
                "datasourceUid": "__expr__",
                "model": {"type": "reduce", "expression": "A", "reducer": "last"},
            },
            {
                "refId": "C",
                "datasourceUid": "__expr__",
                "model": {
                    "type": "threshold",
                    "expression": "B",
                    "conditions": [{"evaluator": {"type": "gt", "params": [limit]}}],
                },
            },
        ],
        **members,
    }


@pytest.fixture
def folder(lookout: Lookout) -> str:
    return lookout.admin.post("/api/folders", json={"title": f"rules-{time.monotonic_ns()}"}).json()["uid"]


def test_rule_is_kept_changed_and_deleted(lookout: Lookout, folder: str) -> None:
    made = lookout.admin.post(f"{PATH}/alert-rules", json=rule(folder))
    assert made.status_code == 201, made.text
    uid = made.json()["uid"]
    assert (made.json()["for"], made.json()["noDataState"], made.json()["provenance"]) == ("0s", "NoData", "api")
    changed = lookout.admin.put(f"{PATH}/alert-rules/{uid}", json=made.json() | {"title": "Other", "for": "5m"})
    assert changed.json()["title"] == "Other"
    assert uid in [each["uid"] for each in lookout.admin.get(f"{PATH}/alert-rules").json()]
    assert lookout.admin.delete(f"{PATH}/alert-rules/{uid}").status_code == 204
    assert lookout.admin.get(f"{PATH}/alert-rules/{uid}").status_code == 404
    assert lookout.admin.delete(f"{PATH}/alert-rules/{uid}").status_code == 204


def test_group_becomes_what_is_put(lookout: Lookout, folder: str) -> None:
    path = f"{PATH}/folder/{folder}/rule-groups/g"
    body = {
        "title": "g",
        "interval": 30,
        "rules": [rule(folder, "one", uid=f"{folder}-1"), rule(folder, "two", uid=f"{folder}-2")],
    }
    put = lookout.admin.put(path, json=body)
    assert put.status_code == 200, put.text
    assert [each["title"] for each in lookout.admin.get(path).json()["rules"]] == ["one", "two"]
    before = {each["uid"]: each["updated"] for each in put.json()["rules"]}
    kept = lookout.admin.put(path, json=body | {"rules": body["rules"][:1]}).json()
    assert [each["title"] for each in kept["rules"]] == ["one"]
    # What is the same keeps its time, and with it its state.
    assert kept["rules"][0]["updated"] == before[f"{folder}-1"]
    assert lookout.admin.delete(path).status_code == 204
    assert lookout.admin.get(path).status_code == 404


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"title": ""}, "title"),
        ({"condition": "Z"}, "condition"),
        ({"data": []}, "data"),
        ({"data": [{"refId": "A"}]}, "model"),
        ({"folderUID": "none"}, "folder"),
        ({"ruleGroup": ""}, "ruleGroup"),
        ({"noDataState": "Maybe"}, "noDataState"),
        ({"for": "soon"}, "for"),
        ({"labels": []}, None),
        ({"labels": [1]}, "labels"),
        ({"record": {"metric": "x"}}, "recording rules"),
    ],
)
def test_bad_rule_is_400(lookout: Lookout, folder: str, members: dict[str, Any], said: str | None) -> None:
    answer = lookout.admin.post(f"{PATH}/alert-rules", json=rule(folder) | members)
    assert answer.status_code == (400 if said else 201)
    if said:
        assert said in answer.json()["message"]


def test_folder_with_rules_is_not_deleted_by_accident(lookout: Lookout, folder: str) -> None:
    lookout.admin.post(f"{PATH}/alert-rules", json=rule(folder))
    refused = lookout.admin.delete(f"/api/folders/{folder}")
    assert refused.status_code == 400
    assert "forceDeleteRules" in refused.json()["message"]
    assert lookout.admin.delete(f"/api/folders/{folder}", params={"forceDeleteRules": "true"}).status_code == 200


def test_contact_points_and_policies_are_kept(lookout: Lookout) -> None:
    point = {"name": "team", "type": "slack", "settings": {"url": "http://127.0.0.1:8025/services/T/B/x"}}
    made = lookout.admin.post(f"{PATH}/contact-points", json=point)
    assert made.status_code == 202
    assert (
        lookout.admin.get(f"{PATH}/contact-points", params={"name": "team"}).json()[0]["settings"] == point["settings"]
    )
    assert lookout.admin.put(f"{PATH}/policies", json={"receiver": "nobody"}).status_code == 400
    assert lookout.admin.put(f"{PATH}/policies", json={"receiver": "team"}).status_code == 202
    assert lookout.admin.get(f"{PATH}/policies").json() == {"receiver": "team"}
    assert lookout.admin.delete(f"{PATH}/policies").status_code == 202
    uid = made.json()["uid"]
    assert lookout.admin.put(f"{PATH}/contact-points/{uid}", json=point | {"type": ""}).status_code == 400
    assert lookout.admin.delete(f"{PATH}/contact-points/{uid}").status_code == 202
    assert lookout.admin.delete(f"{PATH}/contact-points/{uid}").status_code == 404


class Evaluated:
    """A Lookout whose rules are evaluated each second, and what they come to."""

    def __init__(self, lookout: Lookout, prometheus: str) -> None:
        self.lookout = lookout
        lookout.add_source("prom", "prometheus", url=prometheus, jsonData={"timeInterval": "1s"})
        lookout.add_source("dead", "prometheus", url=f"http://{free_address()}")
        lookout.admin.post("/api/folders", json={"title": "Ops", "uid": "ops"})

    def put(self, *rules: dict[str, Any]) -> None:
        """The rules of its one group."""
        answer = self.lookout.admin.put(f"{PATH}/folder/ops/rule-groups/g", json={"interval": 1, "rules": rules})
        assert answer.status_code == 200, answer.text

    def rule(self, title: str) -> dict[str, Any]:
        groups = self.lookout.anonymous.get("/api/prometheus/grafana/api/v1/rules").json()["data"]["groups"]
        return next(each for each in groups[0]["rules"] if each["name"] == title)

    def until(self, title: str, **members: str) -> dict[str, Any]:
        """A rule once it has these members."""
        return eventually(lambda: found if members.items() <= (found := self.rule(title)).items() else None)


@pytest.fixture
def evaluated(start: Callable[..., Lookout], prometheus: str) -> Evaluated:
    return Evaluated(start(), prometheus)


def test_rules_are_evaluated(evaluated: Evaluated) -> None:
    dead = rule("ops", "Dead")
    dead["data"][0]["datasourceUid"] = "dead"
    annotations = {"summary": "{{ $labels.zone }} has {{ $values.B }}"}
    evaluated.put(
        rule("ops", "Many", labels={"severity": "high"}, annotations=annotations),
        rule("ops", "Waiting", **{"for": "1h"}),
        rule("ops", "Empty", expr="nothing"),
        rule("ops", "Broken", expr="sum("),
        rule("ops", "Paused", isPaused=True),
        dead,
    )
    many = evaluated.until("Many", state="firing")
    alerts = {alert["labels"]["zone"]: alert for alert in many["alerts"]}
    assert (alerts["a"]["state"], alerts["b"]["state"]) == ("Normal", "Alerting")
    assert {"severity": "high", "alertname": "Many", "grafana_folder": "Ops"}.items() <= alerts["b"]["labels"].items()
    assert alerts["b"]["annotations"]["summary"] == "b has 2"
    assert many["totals"] == {"normal": 1, "alerting": 1}
    assert evaluated.until("Waiting", state="pending")["health"] == "ok"
    assert evaluated.until("Empty", health="nodata")["alerts"][0]["state"] == "NoData"
    assert "parse error" in evaluated.until("Broken", health="error")["lastError"]
    assert "does not answer" in evaluated.until("Dead", health="error")["lastError"]
    assert evaluated.rule("Paused")["lastEvaluation"].startswith("0001")

    firing = evaluated.lookout.anonymous.get("/api/alertmanager/grafana/api/v2/alerts").json()
    names = {alert["labels"]["alertname"] for alert in firing}
    assert {"Many", "DatasourceNoData", "DatasourceError"} <= names
    assert "Waiting" not in names


def test_changed_rule_begins_anew(evaluated: Evaluated) -> None:
    evaluated.put(rule("ops", uid="one"))
    evaluated.until("Many", state="firing")
    evaluated.put(rule("ops", uid="one", limit=100))
    assert evaluated.until("Many", state="inactive")["health"] == "ok"


def test_a_sources_own_rules_are_passed_on(lookout: Lookout, prometheus: str) -> None:
    lookout.add_source("ruler", "prometheus", url=prometheus)
    assert lookout.anonymous.get("/api/prometheus/ruler/api/v1/rules").json() == {
        "status": "success",
        "data": {"groups": []},
    }
    assert lookout.anonymous.get("/api/prometheus/none/api/v1/rules").status_code == 404
    lookout.admin.delete("/api/datasources/uid/ruler")
