"""Service accounts, tokens and API keys of Managed Grafana, which really authenticate at the workspace's endpoint."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from grafana_under_test import BUILT_IN, BUILT_IN_ACCOUNT, GrafanaPlatform, refusal
from platform_under_test import wait_for

ACCOUNT = "530000000001"


@pytest.fixture(scope="module")
def grafana(graphed: GrafanaPlatform) -> Any:
    return graphed.grafana(ACCOUNT)


@pytest.fixture(scope="module")
def workspace(graphed: GrafanaPlatform) -> str:
    return graphed.workspace(ACCOUNT)


def new() -> str:
    """A name."""
    return f"name-{uuid.uuid4().hex[:8]}"


def caught(grafana: Any, operation: str, **arguments: Any) -> ClientError:
    with pytest.raises(ClientError) as error:
        getattr(grafana, operation)(**arguments)
    return error.value


def account(grafana: Any, workspace: str, role: str = "ADMIN") -> str:
    return grafana.create_workspace_service_account(workspaceId=workspace, name=new(), grafanaRole=role)["id"]


def test_service_accounts_are_made_listed_and_deleted(grafana, workspace):
    made = {}
    for role in ("ADMIN", "EDITOR", "VIEWER"):
        answer = grafana.create_workspace_service_account(workspaceId=workspace, name=f"a {role}", grafanaRole=role)
        assert (answer["workspaceId"], answer["grafanaRole"]) == (workspace, role)
        made[answer["id"]] = role
    pages = grafana.get_paginator("list_workspace_service_accounts").paginate(
        workspaceId=workspace, PaginationConfig={"PageSize": 2}
    )
    listed = {one["id"]: one for page in pages for one in page["serviceAccounts"]}
    assert {identity: listed[identity]["grafanaRole"] for identity in made} == made
    assert {listed[identity]["isDisabled"] for identity in made} == {"false"}
    error = caught(
        grafana, "create_workspace_service_account", workspaceId=workspace, name="a ADMIN", grafanaRole="VIEWER"
    )
    assert refusal(error) == ("ConflictException", 409)
    for identity in made:
        answer = grafana.delete_workspace_service_account(workspaceId=workspace, serviceAccountId=identity)
        assert answer["serviceAccountId"] == identity
    error = caught(
        grafana, "delete_workspace_service_account", workspaceId=workspace, serviceAccountId=next(iter(made))
    )
    assert refusal(error) == ("ResourceNotFoundException", 404)


def test_a_token_authenticates_in_its_own_workspace_only(graphed, grafana, workspace):
    other = graphed.workspace(ACCOUNT)
    keys = {where: graphed.token(ACCOUNT, where) for where in (workspace, other)}
    for where, key in keys.items():
        code, organisation = graphed.asked("/api/org", key)
        assert (code, organisation["name"].split()[0]) == (200, where)
    key = graphed.token(BUILT_IN_ACCOUNT, BUILT_IN)
    assert graphed.asked("/api/org", key)[1]["id"] == 1
    # An organisation that a token asks for is not the one it gets.
    code, organisation = graphed.asked("/api/org", keys[workspace], {"X-Grafana-Org-Id": "1"})
    assert code == 401 or organisation["name"].startswith(workspace)


def test_a_tokens_key_is_shown_once_and_its_times_are_listed(grafana, workspace):
    before, identity = time.time() - 1, account(grafana, workspace)
    made = grafana.create_workspace_service_account_token(
        workspaceId=workspace, serviceAccountId=identity, name=new(), secondsToLive=2592000
    )["serviceAccountToken"]
    assert made["key"].startswith("glsa_")
    answer = grafana.list_workspace_service_account_tokens(workspaceId=workspace, serviceAccountId=identity)
    (listed,) = answer["serviceAccountTokens"]
    assert (listed["id"], listed["name"], "key" in listed) == (made["id"], made["name"], False)
    assert (listed["expiresAt"] - listed["createdAt"]).total_seconds() == pytest.approx(2592000, abs=2)
    assert datetime.fromtimestamp(before, UTC) <= listed["createdAt"] <= datetime.now(UTC)


def test_an_expired_token_is_refused(graphed, grafana, workspace):
    key = graphed.token(ACCOUNT, workspace, seconds=1)
    wait_for(lambda: graphed.asked("/api/org", key)[0] == 401, "token refused")


@pytest.mark.parametrize("whole", [False, True], ids=["token", "service account"])
def test_a_deleted_token_is_refused(graphed, grafana, workspace, whole):
    identity = account(grafana, workspace)
    names = {"workspaceId": workspace, "serviceAccountId": identity}
    token = grafana.create_workspace_service_account_token(**names, name=new(), secondsToLive=600)[
        "serviceAccountToken"
    ]
    assert graphed.asked("/api/org", token["key"])[0] == 200
    if whole:
        grafana.delete_workspace_service_account(**names)
    else:
        answer = grafana.delete_workspace_service_account_token(**names, tokenId=token["id"])
        assert answer["tokenId"] == token["id"]
        assert grafana.list_workspace_service_account_tokens(**names)["serviceAccountTokens"] == []
        error = caught(grafana, "delete_workspace_service_account_token", **names, tokenId=token["id"])
        assert refusal(error) == ("ResourceNotFoundException", 404)
    assert graphed.asked("/api/org", token["key"])[0] == 401


def test_a_tokens_name_is_taken_in_the_whole_workspace(grafana, workspace):
    name, first, second = new(), account(grafana, workspace), account(grafana, workspace)
    token = {"workspaceId": workspace, "name": name, "secondsToLive": 60}
    grafana.create_workspace_service_account_token(**token, serviceAccountId=first)
    for identity in (first, second):
        error = caught(grafana, "create_workspace_service_account_token", **token, serviceAccountId=identity)
        assert refusal(error) == ("ConflictException", 409)
        assert name in error.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("operation", "arguments", "field"),
    [
        ("create_workspace_service_account_token", {"name": "x", "secondsToLive": 0}, "secondsToLive"),
        ("create_workspace_service_account_token", {"name": "x", "secondsToLive": 2592001}, "secondsToLive"),
        ("create_workspace_service_account_token", {"name": "", "secondsToLive": 60}, "name"),
        ("create_workspace_service_account_token", {"name": "x"}, "secondsToLive"),
        ("create_workspace_service_account", {"name": "x", "grafanaRole": "OWNER"}, "grafanaRole"),
        ("create_workspace_service_account", {"name": "x" * 129, "grafanaRole": "ADMIN"}, "name"),
        ("create_workspace_api_key", {"keyName": "x", "keyRole": "OWNER", "secondsToLive": 60}, "keyRole"),
        ("create_workspace_api_key", {"keyName": "x", "keyRole": "ADMIN", "secondsToLive": 2592001}, "secondsToLive"),
        ("create_workspace_api_key", {"keyName": "x" * 101, "keyRole": "ADMIN", "secondsToLive": 60}, "keyName"),
    ],
)  # fmt: skip
def test_bad_requests_are_refused_and_name_the_field(graphed, grafana, workspace, operation, arguments, field):
    if operation.endswith("token"):
        arguments = {**arguments, "serviceAccountId": account(grafana, workspace)}
    error = caught(graphed.unchecked(ACCOUNT), operation, workspaceId=workspace, **arguments)
    assert refusal(error) == ("ValidationException", 400)
    assert error.response["reason"] == "FIELD_VALIDATION_FAILED"
    assert [one["name"] for one in error.response["fieldList"]] == [field]


@pytest.mark.parametrize("identity", ["999999", "x", "1 or 1", "-1"])
def test_an_unknown_service_account_is_not_found(grafana, workspace, identity):
    error = caught(
        grafana,
        "create_workspace_service_account_token",
        workspaceId=workspace,
        serviceAccountId=identity,
        name="x",
        secondsToLive=60,
    )
    assert refusal(error) == ("ResourceNotFoundException", 404)
    assert error.response["resourceId"] == identity


def test_a_service_account_of_another_workspace_is_not_found(graphed, grafana, workspace):
    identity, other = account(grafana, workspace), graphed.workspace("530000000002")
    error = caught(
        graphed.grafana("530000000002"),
        "delete_workspace_service_account",
        workspaceId=other,
        serviceAccountId=identity,
    )
    assert refusal(error) == ("ResourceNotFoundException", 404)


@pytest.mark.parametrize("kind", ["service accounts", "tokens", "API keys"])
def test_a_workspace_has_a_hundred_of_each_at_most(graphed, kind):
    number = {"service accounts": 3, "tokens": 4, "API keys": 5}[kind]
    grafana, workspace = graphed.grafana(f"53000000000{number}"), graphed.workspace(f"53000000000{number}")
    if kind == "service accounts":
        operation, arguments, name = "create_workspace_service_account", {"grafanaRole": "VIEWER"}, "name"
    elif kind == "tokens":
        arguments = {"serviceAccountId": account(grafana, workspace), "secondsToLive": 60}
        operation, name = "create_workspace_service_account_token", "name"
    else:
        arguments, name = {"keyRole": "VIEWER", "secondsToLive": 60}, "keyName"
        operation = "create_workspace_api_key"
    for one in range(100):
        getattr(grafana, operation)(workspaceId=workspace, **arguments, **{name: f"n{one}"})
    error = caught(grafana, operation, workspaceId=workspace, **arguments, **{name: "one more"})
    assert refusal(error) == ("ServiceQuotaExceededException", 402)
    assert "has 100 " in error.response["Error"]["Message"]


def test_a_name_that_grafana_does_not_take_is_the_requests_fault(grafana, workspace):
    error = caught(grafana, "create_workspace_service_account", workspaceId=workspace, name=" ", grafanaRole="ADMIN")
    assert refusal(error) == ("ValidationException", 400)
    assert "Grafana" in error.response["Error"]["Message"]


def test_an_api_key_authenticates_until_it_is_deleted(graphed, grafana, workspace):
    name = new()
    made = grafana.create_workspace_api_key(workspaceId=workspace, keyName=name, keyRole="ADMIN", secondsToLive=600)
    assert (made["keyName"], made["workspaceId"]) == (name, workspace)
    assert graphed.asked("/api/org", made["key"])[0] == 200
    accounts = grafana.list_workspace_service_accounts(workspaceId=workspace)["serviceAccounts"]
    assert not [one for one in accounts if name in one["name"]]
    error = caught(
        grafana, "create_workspace_api_key", workspaceId=workspace, keyName=name, keyRole="VIEWER", secondsToLive=60
    )
    assert refusal(error) == ("ConflictException", 409)
    grafana.delete_workspace_api_key(workspaceId=workspace, keyName=name)
    assert graphed.asked("/api/org", made["key"])[0] == 401
    error = caught(grafana, "delete_workspace_api_key", workspaceId=workspace, keyName=name)
    assert refusal(error) == ("ResourceNotFoundException", 404)


def test_an_expired_api_key_is_refused(graphed, grafana, workspace):
    made = grafana.create_workspace_api_key(workspaceId=workspace, keyName=new(), keyRole="VIEWER", secondsToLive=1)
    wait_for(lambda: graphed.asked("/api/org", made["key"])[0] == 401, "key refused")
