"""What an Alertmanager definition may hold."""

from __future__ import annotations

import pytest
import yaml
from obsiverse_aws.amp.alert_manager_document import render
from obsiverse_aws.amp.checks import MAIN, Invalid

TOPIC = "arn:aws:sns:us-east-1:111111111111:alerts"
SNS = {"topic_arn": TOPIC, "sigv4": {"region": "us-east-1"}}
SECRET = "arn:aws:secretsmanager:us-east-1:111111111111:secret:pagerduty"


def definition(receiver, beside=None, **members):
    config = {"route": {"receiver": "one"}, "receivers": [{"name": "one", **receiver}], **members}
    return yaml.safe_dump({"alertmanager_config": yaml.safe_dump(config), **(beside or {})})


def rendered(document):
    return render(document, "111111111111", "http://edge:4566", lambda arn, key: f"value of {arn} {key}")


def test_sns_is_sent_to_the_edge_in_the_accounts_name():
    files = rendered(definition({"sns_configs": [{**SNS, "subject": "s"}]}))
    (sns,) = yaml.safe_load(files[MAIN])["receivers"][0]["sns_configs"]
    assert sns == {
        "topic_arn": TOPIC,
        "subject": "s",
        "api_url": "http://edge:4566",
        "sigv4": {"region": "us-east-1", "access_key": "111111111111", "secret_key": "test"},
    }


def test_templates_stand_beside_the_configuration():
    templates = {"template_files": {"mine": '{{ define "a" }}b{{ end }}'}}
    files = rendered(definition({}, templates, templates=["mine"]))
    assert files["mine"] == '{{ define "a" }}b{{ end }}'
    assert yaml.safe_load(files[MAIN])["templates"] == ["mine"]


def test_pagerdutys_key_is_a_secrets_value():
    key = {"aws_secrets_manager": {"secret_arn": SECRET, "secret_key": "key"}}
    files = rendered(definition({"pagerduty_configs": [{"routing_key": key}]}))
    (pagerduty,) = yaml.safe_load(files[MAIN])["receivers"][0]["pagerduty_configs"]
    assert pagerduty == {"routing_key": f"value of {SECRET} key"}


@pytest.mark.parametrize("interval", ["5d", "4d23h", "120h"])
def test_five_days_are_no_too_long_interval(interval):
    route = {"receiver": "one", "repeat_interval": interval}
    assert yaml.safe_load(rendered(definition({}, route=route))[MAIN])["route"] == route


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("a: [", "is not YAML"),
        ("[]", "must be a mapping"),
        ("route: {}", "unknown field route"),
        ("template_files: {}", "alertmanager_config is required"),
        (definition({}, {"template_files": {"../x": "a"}}), "must be a plain name"),
        (definition({}, {"template_files": {MAIN: "a"}}), "must be a plain name"),
        (definition({}, templates=["/etc/passwd"]), "is not in template_files"),
        (definition({}, **{"global": {"slack_api_url": "http://x"}}), "slack_api_url is not supported"),
        (definition({"slack_configs": [{"channel": "#a"}]}), "slack_configs is not supported"),
        (definition({"webhook_configs": [{"url": "http://x"}]}), "webhook_configs is not supported"),
        (definition({"sns_configs": [{"topic_arn": TOPIC}]}), "sigv4.region is required"),
        (definition({"sns_configs": [{**SNS, "api_url": "http://x"}]}), "api_url is not supported"),
        (definition({"sns_configs": [{**SNS, "http_config": {}}]}), "http_config is not supported"),
        (definition({"sns_configs": [{**SNS, "topic_arn": f"{TOPIC}.fifo"}]}), "standard topic"),
        (
            definition({"sns_configs": [{**SNS, "sigv4": {"region": "us-east-1", "access_key": "k"}}]}),
            "sigv4.access_key is not supported",
        ),
        (definition({"pagerduty_configs": [{"routing_key": "plain"}]}), "must be a secret"),
        (definition({"pagerduty_configs": [{}]}), "is required"),
        (definition({"pagerduty_configs": [{"routing_key_file": "/etc/passwd"}]}), "routing_key_file is not supported"),
        (definition({}, route={"receiver": "one", "repeat_interval": "121h"}), "longer than 5 days"),
        (
            definition({}, route={"receiver": "one", "routes": [{"receiver": "one", "repeat_interval": "6d"}]}),
            "longer than 5 days",
        ),
        (definition({}, route={"receiver": "one", "repeat_interval": "soon"}), "is not a duration"),
    ],
)
def test_what_aws_does_not_take_is_refused_with_the_reason(document, reason):
    with pytest.raises(Invalid, match=reason):
        rendered(document)
