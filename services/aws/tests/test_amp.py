"""Managed Prometheus's control API at the edge, with workspaces as tasks and the data plane as a process."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from amp_under_test import BUILT_IN, edge_with_workspaces
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from platform_under_test import ACCOUNT, REGION, Platform, wait_for

RULES = b"""
groups:
  - name: endpoint
    interval: 1s
    rules:
      - {record: one, expr: vector(1)}
      - {alert: Always, expr: vector(1), labels: {severity: critical}}
"""
SECONDS = 40


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Platform]:
    with edge_with_workspaces(tmp_path_factory.mktemp("amp"), cache) as platform:
        yield platform


@pytest.fixture(scope="module")
def amp(edge):
    return edge.client("amp")


@pytest.fixture(scope="module")
def workspace(amp) -> str:
    """The id of an active workspace that the tests share."""
    return make(amp, alias="shared")


def make(amp, **given) -> str:
    answer = amp.create_workspace(**given)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["status"]["statusCode"] == "CREATING"
    wait_for(lambda: status(amp, answer["workspaceId"]) == "ACTIVE", "workspace ACTIVE", SECONDS)
    return answer["workspaceId"]


def status(amp, workspace: str) -> str:
    return amp.describe_workspace(workspaceId=workspace)["workspace"]["status"]["statusCode"]


def settled(describe, member: str, **names: str) -> dict[str, Any]:
    """A definition once it is no longer on its way."""

    def reached() -> dict[str, Any] | None:
        found = describe(**names)[member]
        return None if found["status"]["statusCode"] in ("CREATING", "UPDATING", "DELETING") else found

    return wait_for(reached, f"{member} settled", SECONDS)


def namespace_settled(amp, workspace: str, name: str) -> dict[str, Any]:
    return settled(amp.describe_rule_groups_namespace, "ruleGroupsNamespace", workspaceId=workspace, name=name)


def definition_settled(amp, workspace: str) -> dict[str, Any]:
    return settled(amp.describe_alert_manager_definition, "alertManagerDefinition", workspaceId=workspace)


def signed(url: str, account: str = ACCOUNT) -> tuple[int, Any]:
    request = AWSRequest("GET", url)
    SigV4Auth(Credentials(account, "test"), "aps", REGION).add_auth(request)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=dict(request.headers.items()))) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def url_of(amp, workspace: str) -> str:
    return amp.describe_workspace(workspaceId=workspace)["workspace"]["prometheusEndpoint"]


def groups(amp, workspace: str) -> set[str]:
    code, answer = signed(f"{url_of(amp, workspace)}api/v1/rules")
    assert code == 200, answer
    return {group["name"] for group in answer["data"]["groups"]}


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_workspace_answers_queries_once_it_is_active(amp, workspace):
    code, answer = signed(f"{url_of(amp, workspace)}api/v1/query?query=vector%287%29")
    assert (code, answer["data"]["result"][0]["value"][1]) == (200, "7")
    described = amp.describe_workspace(workspaceId=workspace)["workspace"]
    assert described["arn"] == f"arn:aws:aps:{REGION}:{ACCOUNT}:workspace/{workspace}"
    assert (described["alias"], described["tags"]) == ("shared", {})


def test_another_account_does_not_see_a_workspace(edge, amp, workspace):
    other = edge.client("amp", "222222222222")
    with pytest.raises(ClientError) as caught:
        other.describe_workspace(workspaceId=workspace)
    assert code_of(caught) == ("ResourceNotFoundException", 404)
    assert caught.value.response["resourceId"] == workspace
    assert other.list_workspaces()["workspaces"] == []
    assert signed(f"{url_of(amp, workspace)}api/v1/query?query=up", "222222222222")[0] == 404


def test_an_alias_and_tags_are_changed(amp, workspace):
    amp.update_workspace_alias(workspaceId=workspace, alias="renamed")
    arn = amp.describe_workspace(workspaceId=workspace)["workspace"]["arn"]
    amp.tag_resource(resourceArn=arn, tags={"team": "ml", "stage": "test"})
    amp.untag_resource(resourceArn=arn, tagKeys=["stage"])
    assert amp.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "ml"}
    (found,) = amp.list_workspaces(alias="ren")["workspaces"]
    assert (found["workspaceId"], found["tags"]) == (workspace, {"team": "ml"})
    amp.untag_resource(resourceArn=arn, tagKeys=["team"])
    amp.update_workspace_alias(workspaceId=workspace, alias="shared")


def test_rules_are_evaluated_once_their_namespace_is_active(amp, workspace):
    made = amp.create_rule_groups_namespace(workspaceId=workspace, name="first", data=RULES, tags={"a": "b"})
    assert (made["status"]["statusCode"], made["ResponseMetadata"]["HTTPStatusCode"]) == ("CREATING", 202)
    assert made["arn"] == f"arn:aws:aps:{REGION}:{ACCOUNT}:rulegroupsnamespace/{workspace}/first"
    found = namespace_settled(amp, workspace, "first")
    assert (found["status"], found["data"], found["tags"]) == ({"statusCode": "ACTIVE"}, RULES, {"a": "b"})

    def recorded() -> list[Any]:
        return signed(f"{url_of(amp, workspace)}api/v1/query?query=one")[1]["data"]["result"]

    assert wait_for(recorded, "a recorded sample", SECONDS)[0]["value"][1] == "1"
    with pytest.raises(ClientError) as caught:
        amp.create_rule_groups_namespace(workspaceId=workspace, name="first", data=RULES)
    assert code_of(caught) == ("ConflictException", 409)


def test_invalid_rules_fail_with_promtools_reason_and_those_before_stay(amp, workspace):
    bad = b"groups:\n  - name: x\n    rules:\n      - {record: a, expr: 'sum('}\n"
    amp.create_rule_groups_namespace(workspaceId=workspace, name="bad", data=bad)
    found = namespace_settled(amp, workspace, "bad")
    assert found["status"]["statusCode"] == "CREATION_FAILED"
    assert "could not parse expression" in found["status"]["statusReason"]
    amp.put_rule_groups_namespace(workspaceId=workspace, name="bad", data=RULES.replace(b"endpoint", b"good"))
    assert namespace_settled(amp, workspace, "bad")["status"]["statusCode"] == "ACTIVE"
    amp.put_rule_groups_namespace(workspaceId=workspace, name="bad", data=bad)
    assert namespace_settled(amp, workspace, "bad")["status"]["statusCode"] == "UPDATE_FAILED"
    assert "good" in groups(amp, workspace)
    amp.delete_rule_groups_namespace(workspaceId=workspace, name="bad")

    def gone() -> bool:
        return not amp.list_rule_groups_namespaces(workspaceId=workspace, name="bad")["ruleGroupsNamespaces"]

    wait_for(gone, "namespace deleted", SECONDS)
    assert "good" not in groups(amp, workspace)


def test_namespaces_are_listed_by_pages(amp, workspace):
    names = [f"page-{number}" for number in range(3)]
    for name in names:
        amp.create_rule_groups_namespace(workspaceId=workspace, name=name, data=RULES)
    pages = list(
        amp.get_paginator("list_rule_groups_namespaces").paginate(
            workspaceId=workspace, name="page-", PaginationConfig={"PageSize": 2}
        )
    )
    assert [[one["name"] for one in page["ruleGroupsNamespaces"]] for page in pages] == [names[:2], names[2:]]


def alert_manager(receiver: dict[str, Any], **route: Any) -> bytes:
    waits = {"group_wait": "1s", "group_interval": "1s"}
    config = {"route": {"receiver": "one", **waits, **route}, "receivers": [{"name": "one", **receiver}]}
    return yaml.safe_dump({"alertmanager_config": yaml.safe_dump(config)}).encode()


def test_alerts_reach_the_edges_sns(edge, amp, workspace):
    sns, sqs = edge.client("sns"), edge.client("sqs")
    topic = sns.create_topic(Name=f"alerts-{uuid.uuid4().hex}")["TopicArn"]
    queue = sqs.create_queue(QueueName=f"alerts-{uuid.uuid4().hex}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    receiver = {"sns_configs": [{"topic_arn": topic, "sigv4": {"region": REGION}, "message": "{{ .CommonLabels }}"}]}
    made = amp.create_alert_manager_definition(workspaceId=workspace, data=alert_manager(receiver))
    assert made["status"]["statusCode"] == "CREATING"
    found = definition_settled(amp, workspace)
    assert (found["status"], found["data"]) == ({"statusCode": "ACTIVE"}, alert_manager(receiver))
    amp.create_rule_groups_namespace(workspaceId=workspace, name="alerting", data=RULES)

    def message() -> str | None:
        got = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages")
        return got[0]["Body"] if got else None

    assert "Always" in str(wait_for(message, "a message", SECONDS))
    code, alerts = signed(f"{url_of(amp, workspace)}alertmanager/api/v2/alerts")
    assert (code, alerts[0]["labels"]["alertname"]) == (200, "Always")


@pytest.mark.parametrize(
    ("receiver", "reason"),
    [
        ({"slack_configs": [{"channel": "#a", "api_url": "http://x"}]}, "slack_configs is not supported"),
        ({"pagerduty_configs": [{"routing_key": "plain"}]}, "must be a secret"),
        (
            {
                "pagerduty_configs": [
                    {
                        "routing_key": {
                            "aws_secrets_manager": {
                                "secret_arn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:none-abcdef"
                            }
                        }
                    }
                ]
            },
            "can't be read",
        ),
        ({"sns_configs": [{"topic_arn": "x", "sigv4": {"region": REGION}}]}, "standard topic"),
        # What only amtool finds.
        ({"sns_configs": [{"topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:a", "sigv4": {"region": REGION}, "sbject": "s"}]}, "sbject"),
    ],
)  # fmt: skip
def test_a_definition_that_aws_does_not_take_fails_with_the_reason(amp, workspace, receiver, reason):
    put(amp, workspace, alert_manager({}))
    amp.put_alert_manager_definition(workspaceId=workspace, data=alert_manager(receiver))
    found = definition_settled(amp, workspace)["status"]
    assert found["statusCode"] == "UPDATE_FAILED"
    assert reason in found["statusReason"]


def put(amp, workspace: str, data: bytes) -> None:
    """A good definition, whether there is one or not."""
    try:
        amp.create_alert_manager_definition(workspaceId=workspace, data=data)
    except amp.exceptions.ConflictException:
        amp.put_alert_manager_definition(workspaceId=workspace, data=data)
    assert definition_settled(amp, workspace)["status"] == {"statusCode": "ACTIVE"}


def test_a_logging_configuration_is_kept_and_deleted(amp, workspace):
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vendedlogs/amp:*"
    amp.create_logging_configuration(workspaceId=workspace, logGroupArn=group)
    found = settled(amp.describe_logging_configuration, "loggingConfiguration", workspaceId=workspace)
    assert (found["status"]["statusCode"], found["logGroupArn"]) == ("ACTIVE", group)
    amp.delete_logging_configuration(workspaceId=workspace)

    def gone() -> bool:
        try:
            amp.describe_logging_configuration(workspaceId=workspace)
        except amp.exceptions.ResourceNotFoundException:
            return True
        return False

    wait_for(gone, "logging configuration deleted", SECONDS)


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("describe_workspace", {"workspaceId": "ws-none"}, ("ResourceNotFoundException", 404)),
        ("delete_workspace", {"workspaceId": "ws-none"}, ("ResourceNotFoundException", 404)),
        ("list_rule_groups_namespaces", {"workspaceId": "ws-none"}, ("ResourceNotFoundException", 404)),
        (
            "create_rule_groups_namespace",
            {"workspaceId": "ws-none", "name": "a", "data": RULES},
            ("ResourceNotFoundException", 404),
        ),
        ("list_workspaces", {"nextToken": "x"}, ("ValidationException", 400)),
        (
            "list_tags_for_resource",
            {"resourceArn": f"arn:aws:aps:{REGION}:{ACCOUNT}:workspace/ws-none"},
            ("ResourceNotFoundException", 404),
        ),
    ],
)
def test_bad_requests_get_awss_errors(amp, operation, arguments, expected):
    with pytest.raises(ClientError) as caught:
        getattr(amp, operation)(**arguments)
    assert code_of(caught) == expected


@pytest.mark.parametrize(("name", "data"), [("a/../b", RULES), ("a b", RULES), ("a", b""), ("a", b"\xff\xfe")])
def test_a_namespace_needs_a_plain_name_and_a_text(amp, workspace, name, data):
    with pytest.raises(ClientError) as caught:
        amp.create_rule_groups_namespace(workspaceId=workspace, name=name, data=data)
    assert code_of(caught) == ("ValidationException", 400)


def test_a_repeated_request_makes_one_workspace_and_a_deleted_one_ends(edge, amp):
    token = uuid.uuid4().hex
    first = make(amp, alias="twice", clientToken=token)
    assert amp.create_workspace(alias="twice", clientToken=token)["workspaceId"] == first
    url = url_of(amp, first)
    amp.create_rule_groups_namespace(workspaceId=first, name="mine", data=RULES)
    namespace_settled(amp, first, "mine")
    amp.delete_workspace(workspaceId=first)

    def gone() -> bool:
        return all(one["workspaceId"] != first for one in amp.list_workspaces()["workspaces"])

    wait_for(gone, "workspace deleted", SECONDS)
    assert signed(f"{url}api/v1/query?query=up")[0] == 404
    assert [one["id"] for one in edge.agent.tasks() if first in one["id"]] == []


def test_a_workspace_outlives_a_killed_edge(edge, amp, workspace):
    put_rules = RULES.replace(b"endpoint", b"lasting")
    amp.create_rule_groups_namespace(workspaceId=workspace, name="lasting", data=put_rules)
    edge.kill("edge")
    edge.start_edge()
    assert namespace_settled(amp, workspace, "lasting")["status"]["statusCode"] == "ACTIVE"
    assert "lasting" in groups(amp, workspace)


def test_a_reset_account_has_no_workspaces_and_no_tasks(edge):
    amp = edge.client("amp", "333333333333")
    identity = make(amp)
    with urllib.request.urlopen(
        urllib.request.Request(f"{edge.edge_url}/_obsiverse/accounts/333333333333/reset", method="POST")
    ) as answer:
        assert answer.status == 200
    assert amp.list_workspaces()["workspaces"] == []
    wait_for(lambda: not [one for one in edge.agent.tasks() if identity in one["id"]], "tasks ended", SECONDS)


def test_the_stacks_own_prometheus_is_a_workspace(edge, amp):
    mine = edge.client("amp", BUILT_IN)
    (found,) = mine.list_workspaces()["workspaces"]
    identity = found["workspaceId"]
    assert (identity, found["alias"]) == ("ws-00000000-0000-0000-0000-000000000000", "default")
    wait_for(lambda: status(mine, identity) == "ACTIVE", "workspace ACTIVE", SECONDS)
    url = url_of(mine, identity)

    def rules() -> list[str]:
        return [one["name"] for one in signed(f"{url}api/v1/rules", BUILT_IN)[1]["data"]["groups"]]

    mine.create_rule_groups_namespace(workspaceId=identity, name="own", data=RULES)
    assert namespace_settled(mine, identity, "own")["status"]["statusCode"] == "ACTIVE"
    assert rules() == ["endpoint"]
    put(mine, identity, alert_manager({}))

    def alerts() -> list[Any]:
        return signed(f"{url}alertmanager/api/v2/alerts", BUILT_IN)[1]

    assert wait_for(alerts, "an alert", SECONDS)[0]["receivers"] == [{"name": "one"}]
    mine.delete_rule_groups_namespace(workspaceId=identity, name="own")
    wait_for(lambda: not rules(), "rules deleted", SECONDS)
