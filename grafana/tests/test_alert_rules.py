"""Alert rules are few, say what to do, and are the same in files and through the API."""

from __future__ import annotations

import json
import re

import pytest
from obsiverse_dashboards import alert_rules
from obsiverse_dashboards.alert_rules import Alert
from obsiverse_dashboards.links import Uid
from ruamel.yaml import YAML

from .conftest import GRAFANA

PROVISIONED = YAML(typ="safe").load(GRAFANA / "provisioning" / "alerting" / "rules.yaml")
RULES = [rule for group in PROVISIONED["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["uid"])
def test_a_rule_says_how_bad_what_and_what_to_do(rule):
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "runbook", "dashboard"}
    assert len(rule["annotations"]["runbook"]) > 40
    uid = re.match(r"/d/([a-z-]+)", rule["annotations"]["dashboard"])
    assert uid
    assert uid[1] in set(Uid)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["uid"])
def test_a_rule_is_a_query_a_reduction_and_a_threshold(rule):
    query, reduction, threshold = (data["model"] for data in rule["data"])
    assert query["datasource"] == {"type": "grafana-amazonprometheus-datasource", "uid": "amp"}
    assert (reduction["type"], reduction["expression"]) == ("reduce", "A")
    assert (threshold["type"], threshold["expression"]) == ("threshold", "B")
    assert rule["condition"] == "C"
    assert [data["refId"] for data in rule["data"]] == ["A", "B", "C"]
    assert [data["datasourceUid"] for data in rule["data"]] == ["amp", "__expr__", "__expr__"]


def test_nothing_in_the_file_is_taken_for_a_variable():
    # Grafana replaces $name in provisioning files by what the environment has.
    assert "$" not in (GRAFANA / "provisioning" / "alerting" / "rules.yaml").read_text()


def test_the_api_s_rules_are_the_file_s():
    given = (
        "uid",
        "title",
        "condition",
        "data",
        "noDataState",
        "execErrState",
        "for",
        "annotations",
        "labels",
        "isPaused",
    )
    bodies = [json.loads(file.read_text()) for file in sorted((GRAFANA / "alerts").glob("*.json"))]
    from_api = [{name: rule[name] for name in given} for body in bodies for rule in body["rules"]]
    assert from_api == RULES
    assert {body["folderUid"] for body in bodies} == {group["folder"] for group in PROVISIONED["groups"]}
    assert all(
        body["interval"] == 60 and rule["ruleGroup"] == body["title"] for body in bodies for rule in body["rules"]
    )


def test_uids_are_short_enough_and_unique():
    uids = [rule["uid"] for rule in RULES]
    assert len(uids) == len(set(uids))
    assert all(len(uid) <= 40 for uid in uids)


def test_a_rule_without_a_limit_is_refused():
    alert = Alert("u", "t", "up", "s", "r", "warning", Uid.PLATFORM)
    with pytest.raises(ValueError, match="alert u has neither `above` nor `below`"):
        alert.rule("g")


def test_rules_are_in_the_folder_of_the_dashboards():
    assert {group["folder"] for group in PROVISIONED["groups"]} == {alert_rules.FOLDER}
