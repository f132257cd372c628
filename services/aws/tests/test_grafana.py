"""Managed Grafana's workspaces at the edge, each an organisation of a real Grafana API."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError
from grafana_under_test import BUILT_IN, BUILT_IN_ACCOUNT, REQUIRED, GrafanaPlatform, refusal
from platform_under_test import REGION, wait_for

NOBODYS = "g-0123456789"


@pytest.fixture(scope="module")
def account() -> str:
    """An account with one workspace, which the tests of this module share."""
    return "510000000001"


@pytest.fixture(scope="module")
def grafana(graphed: GrafanaPlatform, account: str) -> Any:
    return graphed.grafana(account)


@pytest.fixture(scope="module")
def workspace(graphed: GrafanaPlatform, account: str) -> str:
    return graphed.workspace(account, workspaceName="shared", workspaceDataSources=["XRAY"], tags={"team": "ml"})


def described(grafana: Any, workspace: str) -> dict[str, Any]:
    return grafana.describe_workspace(workspaceId=workspace)["workspace"]


def caught(grafana: Any, operation: str, **arguments: Any) -> ClientError:
    with pytest.raises(ClientError) as error:
        getattr(grafana, operation)(**arguments)
    return error.value


def test_a_workspace_becomes_active_and_says_where_it_is(graphed, grafana, workspace):
    found = described(grafana, workspace)
    assert re.fullmatch("g-[0-9a-f]{10}", workspace)
    assert (found["name"], found["dataSources"], found["tags"]) == ("shared", ["XRAY"], {"team": "ml"})
    assert (found["endpoint"], found["grafanaVersion"]) == (graphed.address, "12.4")
    assert found["authentication"] == {"providers": ["AWS_SSO"]}
    (listed,) = grafana.list_workspaces()["workspaces"]
    assert (listed["id"], listed["status"], listed["name"]) == (workspace, "ACTIVE", "shared")
    assert "dataSources" not in listed


def test_a_new_workspace_is_creating_and_a_repeated_request_makes_one(graphed):
    grafana = graphed.grafana("510000000002")
    first = grafana.create_workspace(**REQUIRED, clientToken="once")
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert first["workspace"]["status"] == "CREATING"
    assert grafana.create_workspace(**REQUIRED, clientToken="once")["workspace"]["id"] == first["workspace"]["id"]
    error = caught(grafana, "create_workspace", **REQUIRED, clientToken="once", workspaceName="another")
    assert refusal(error) == ("ConflictException", 409)
    assert len(grafana.list_workspaces()["workspaces"]) == 1


def test_an_instant_accounts_workspaces_are_there_when_calls_return(graphed):
    graphed.make_instant("510000000003")
    grafana = graphed.grafana("510000000003")
    made = grafana.create_workspace(**REQUIRED)["workspace"]
    assert made["status"] == "ACTIVE"
    assert grafana.update_workspace(workspaceId=made["id"], workspaceName="x")["workspace"]["status"] == "ACTIVE"
    assert grafana.delete_workspace(workspaceId=made["id"])["workspace"]["status"] == "DELETING"
    assert grafana.list_workspaces()["workspaces"] == []


def test_a_workspace_is_updated(graphed, grafana, account, workspace):
    network = {"securityGroupIds": ["sg-1"], "subnetIds": ["subnet-1", "subnet-2"]}
    answer = grafana.update_workspace(workspaceId=workspace, workspaceDescription="ours", vpcConfiguration=network)
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["workspace"]["description"]) == (202, "ours")
    graphed.wait_for_workspace(account, workspace)
    assert described(grafana, workspace)["vpcConfiguration"] == network
    error = caught(
        grafana, "update_workspace", workspaceId=workspace, vpcConfiguration=network, removeVpcConfiguration=True
    )
    assert refusal(error) == ("ValidationException", 400)
    grafana.update_workspace(workspaceId=workspace, removeVpcConfiguration=True)
    graphed.wait_for_workspace(account, workspace)
    found = described(grafana, workspace)
    assert "vpcConfiguration" not in found
    assert (found["name"], found["description"]) == ("shared", "ours")


def test_a_deleted_workspace_is_gone_with_its_organisation(graphed):
    account = "510000000004"
    grafana, workspace = graphed.grafana(account), graphed.workspace(account)
    key = graphed.token(account, workspace)
    code, organisation = graphed.asked("/api/org", key)
    assert (code, organisation["name"]) == (200, f"{workspace} of {account} in {REGION}")
    answer = grafana.delete_workspace(workspaceId=workspace)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["workspace"]["status"] == "DELETING"
    wait_for(lambda: not grafana.list_workspaces()["workspaces"], "workspace gone")
    assert graphed.asked("/api/org", key)[0] == 401
    assert f"{workspace} of" not in json.dumps(graphed.organisations())


def test_there_are_five_workspaces_at_most(graphed):
    account = "510000000005"
    grafana = graphed.grafana(account)
    for _ in range(5):
        grafana.create_workspace(**REQUIRED)
    error = caught(grafana, "create_workspace", **REQUIRED)
    assert refusal(error) == ("ServiceQuotaExceededException", 402)
    assert (error.response["serviceCode"], error.response["quotaCode"]) == ("grafana", "L-2C2D5119")
    pages = list(grafana.get_paginator("list_workspaces").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(one["workspaces"]) for one in pages] == [2, 2, 1]
    assert len({one["id"] for found in pages for one in found["workspaces"]}) == 5
    assert len(graphed.client("grafana", account, "eu-west-1").list_workspaces()["workspaces"]) == 0


def test_the_built_in_workspace_is_active_and_stays(graphed):
    grafana = graphed.grafana(BUILT_IN_ACCOUNT)
    found = described(grafana, BUILT_IN)
    assert (found["status"], found["name"], found["endpoint"]) == ("ACTIVE", "default", graphed.address)
    error = caught(grafana, "delete_workspace", workspaceId=BUILT_IN)
    assert refusal(error) == ("AccessDeniedException", 403)
    assert grafana.update_workspace(workspaceId=BUILT_IN, workspaceName="ours")["workspace"]["status"] == "ACTIVE"
    assert graphed.asked("/api/org", graphed.token(BUILT_IN_ACCOUNT, BUILT_IN))[1]["id"] == 1
    error = caught(graphed.grafana("510000000006"), "describe_workspace", workspaceId=BUILT_IN)
    assert refusal(error) == ("ResourceNotFoundException", 404)


def test_without_a_grafana_the_api_says_what_it_lacks(platform):
    error = caught(platform.client("grafana"), "list_workspaces")
    assert refusal(error) == ("ValidationException", 400)
    assert "GRAFANA_ADDR" in error.response["Error"]["Message"]


def test_another_account_does_not_see_a_workspace(graphed, workspace, account):
    other = graphed.grafana("510000000006")
    error = caught(other, "describe_workspace", workspaceId=workspace)
    assert refusal(error) == ("ResourceNotFoundException", 404)
    assert (error.response["resourceId"], error.response["resourceType"]) == (workspace, "workspace")
    assert other.list_workspaces()["workspaces"] == []
    error = caught(other, "create_workspace_service_account", workspaceId=workspace, name="spy", grafanaRole="ADMIN")
    assert refusal(error) == ("ResourceNotFoundException", 404)
    arn = f"arn:aws:grafana:{REGION}:{account}:/workspaces/{workspace}"
    assert refusal(caught(other, "list_tags_for_resource", resourceArn=arn)) == ("ResourceNotFoundException", 404)


def test_tags_are_changed(grafana, workspace, account):
    arn = f"arn:aws:grafana:{REGION}:{account}:/workspaces/{workspace}"
    grafana.tag_resource(resourceArn=arn, tags={"stage": "test", "a/b c": "ü"})
    assert grafana.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "ml", "stage": "test", "a/b c": "ü"}
    grafana.untag_resource(resourceArn=arn, tagKeys=["stage", "a/b c"])
    assert described(grafana, workspace)["tags"] == {"team": "ml"}
    error = caught(grafana, "tag_resource", resourceArn=arn, tags={"aws:own": "x"})
    assert refusal(error) == ("ValidationException", 400)
    many = {str(number): "" for number in range(50)}
    assert refusal(caught(grafana, "tag_resource", resourceArn=arn, tags=many)) == ("ValidationException", 400)
    assert described(grafana, workspace)["tags"] == {"team": "ml"}


def test_what_another_workspace_of_the_account_is_told_stays_there(graphed, grafana, workspace, account):
    graphed.workspace(account, workspaceName="second")
    assert described(grafana, workspace)["name"] == "shared"


@pytest.mark.parametrize(
    ("operation", "arguments", "expected", "field"),
    [
        ("describe_workspace", {"workspaceId": NOBODYS}, ("ResourceNotFoundException", 404), None),
        ("describe_workspace", {"workspaceId": "nonsense"}, ("ValidationException", 400), "workspaceId"),
        ("delete_workspace", {"workspaceId": NOBODYS}, ("ResourceNotFoundException", 404), None),
        ("update_workspace", {"workspaceId": NOBODYS}, ("ResourceNotFoundException", 404), None),
        ("list_workspaces", {"nextToken": "x"}, ("ValidationException", 400), "nextToken"),
        ("list_workspaces", {"nextToken": "WyJhIiwgMV0="}, ("ValidationException", 400), "nextToken"),
        ("list_workspaces", {"maxResults": 101}, ("ValidationException", 400), "maxResults"),
        ("list_tags_for_resource", {"resourceArn": "arn:aws:s3:::x"}, ("ValidationException", 400), "resourceArn"),
        ("create_workspace", {**REQUIRED, "workspaceName": "a b"}, ("ValidationException", 400), "workspaceName"),
        (
            "create_workspace",
            {**REQUIRED, "accountAccessType": "ALL"},
            ("ValidationException", 400),
            "accountAccessType",
        ),
        ("create_workspace", {**REQUIRED, "grafanaVersion": "11.6"}, ("ValidationException", 400), "grafanaVersion"),
        ("create_workspace", {**REQUIRED, "configuration": "{"}, ("ValidationException", 400), "configuration"),
        (
            "create_workspace",
            {**REQUIRED, "authenticationProviders": []},
            ("ValidationException", 400),
            "authenticationProviders",
        ),
        (
            "create_workspace",
            {**REQUIRED, "permissionType": "CUSTOMER_MANAGED"},
            ("ValidationException", 400),
            "workspaceRoleArn",
        ),
        (
            "create_workspace",
            {**REQUIRED, "accountAccessType": "ORGANIZATION"},
            ("ValidationException", 400),
            "workspaceOrganizationalUnits",
        ),
        (
            "create_workspace",
            {**REQUIRED, "networkAccessControl": {"prefixListIds": ["pl-1"] * 6, "vpceIds": []}},
            ("ValidationException", 400),
            "networkAccessControl.prefixListIds",
        ),
        ("create_workspace", {**REQUIRED, "tags": {"aws:x": "y"}}, ("ValidationException", 400), "tags"),
        ("create_workspace", {}, ("ValidationException", 400), "accountAccessType"),
    ],
)
def test_bad_requests_get_awss_errors(graphed, account, workspace, operation, arguments, expected, field):
    error = caught(graphed.unchecked(account), operation, **arguments)
    assert refusal(error) == expected
    if field is not None:
        assert field in [one["name"] for one in error.response["fieldList"]]
        assert error.response["reason"] in ("FIELD_VALIDATION_FAILED", "CANNOT_PARSE")
