"""Managed Grafana while Grafana is away, over restarts, and after the reset of an account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from grafana_under_test import BUILT_IN, BUILT_IN_ACCOUNT, REQUIRED, GrafanaPlatform, refusal
from platform_under_test import wait_for

AWAY = ("InternalServerException", 500)


@pytest.fixture
def away(graphed: GrafanaPlatform) -> Iterator[GrafanaPlatform]:
    """A platform that may lose its Grafana; it has one again afterwards."""
    yield graphed
    if not graphed.has_grafana():
        graphed.start_grafana()


def test_calls_that_need_grafana_say_that_it_is_away(away):
    account = "540000000001"
    workspace = away.workspace(account)
    away.kill("grafana")
    grafana = away.grafana(account)
    for operation, arguments in (
        ("create_workspace_service_account", {"name": "x", "grafanaRole": "ADMIN"}),
        ("list_workspace_service_accounts", {}),
        ("create_workspace_api_key", {"keyName": "x", "keyRole": "ADMIN", "secondsToLive": 60}),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(grafana, operation)(workspaceId=workspace, **arguments)
        assert refusal(caught.value) == AWAY
        message = caught.value.response["Error"]["Message"]
        assert "service grafana does not answer" in message
        assert away.address in message
        assert caught.value.response["retryAfterSeconds"] == 5
    assert grafana.describe_workspace(workspaceId=workspace)["workspace"]["status"] == "ACTIVE"


def test_a_workspace_is_created_once_grafana_is_back(away):
    account = "540000000002"
    away.kill("grafana")
    grafana = away.grafana(account)
    workspace = grafana.create_workspace(**REQUIRED)["workspace"]["id"]
    with pytest.raises(ClientError) as caught:
        grafana.list_workspace_service_accounts(workspaceId=workspace)
    assert refusal(caught.value) == ("ConflictException", 409)
    assert grafana.describe_workspace(workspaceId=workspace)["workspace"]["status"] == "CREATING"
    away.start_grafana()
    away.wait_for_workspace(account, workspace)
    assert away.asked("/api/org", away.token(account, workspace))[0] == 200


def test_a_wrong_password_is_named(away):
    account = "540000000003"
    workspace = away.workspace(account)
    password = away.password_file.read_text()
    grafana = away.grafana(account)
    try:
        away.password_file.write_text("wrong")
        with pytest.raises(ClientError) as caught:
            grafana.list_workspace_service_accounts(workspaceId=workspace)
        assert refusal(caught.value) == AWAY
        assert str(away.password_file) in caught.value.response["Error"]["Message"]
        away.password_file.unlink()
        with pytest.raises(ClientError) as caught:
            grafana.list_workspace_service_accounts(workspaceId=workspace)
        assert refusal(caught.value) == AWAY
        assert "GRAFANA_ADMIN_PASSWORD_FILE" in caught.value.response["Error"]["Message"]
    finally:
        away.password_file.write_text(password)
    assert grafana.list_workspace_service_accounts(workspaceId=workspace)["serviceAccounts"] == []


def test_workspaces_and_tokens_outlive_a_killed_edge_and_grafana(away):
    account = "540000000004"
    workspace = away.workspace(account, workspaceName="lasting", tags={"a": "b"})
    key = away.token(account, workspace)
    made = away.grafana(account).create_workspace_api_key(
        workspaceId=workspace, keyName="lasting", keyRole="VIEWER", secondsToLive=600
    )
    away.kill("edge")
    away.kill("grafana")
    away.start_grafana()
    away.start_edge()
    grafana = away.grafana(account)
    found = grafana.describe_workspace(workspaceId=workspace)["workspace"]
    assert (found["status"], found["name"], found["tags"]) == ("ACTIVE", "lasting", {"a": "b"})
    assert len(grafana.list_workspace_service_accounts(workspaceId=workspace)["serviceAccounts"]) == 1
    assert [away.asked("/api/org", one)[0] for one in (key, made["key"])] == [200, 200]
    grafana.delete_workspace_api_key(workspaceId=workspace, keyName="lasting")
    assert away.asked("/api/org", made["key"])[0] == 401


def test_a_reset_account_has_no_workspaces_and_no_organisations(away):
    account, other = "540000000005", "540000000006"
    workspace, kept = away.workspace(account), away.workspace(other)
    key, kept_key = away.token(account, workspace), away.token(other, kept)
    away.reset(account)
    assert away.grafana(account).list_workspaces()["workspaces"] == []
    wait_for(lambda: away.asked("/api/org", key)[0] == 401, "token refused")
    wait_for(lambda: not any(workspace in name for name in away.organisations()), "organisation gone")
    assert away.asked("/api/org", kept_key)[0] == 200


def test_organisations_of_an_account_that_was_reset_while_grafana_was_away_go_later(away):
    account = "540000000007"
    workspace = away.workspace(account)
    away.kill("grafana")
    away.reset(account)
    # The edge that knew is gone too.
    away.kill("edge")
    away.start_edge()
    away.start_grafana()
    wait_for(lambda: not any(workspace in name for name in away.organisations()), "organisation gone")


def test_the_built_in_workspace_is_as_new_after_a_reset(away):
    grafana = away.grafana(BUILT_IN_ACCOUNT)
    key = away.token(BUILT_IN_ACCOUNT, BUILT_IN)
    grafana.update_workspace(workspaceId=BUILT_IN, workspaceName="changed")
    away.reset(BUILT_IN_ACCOUNT)
    found = grafana.describe_workspace(workspaceId=BUILT_IN)["workspace"]
    assert (found["status"], found["name"]) == ("ACTIVE", "default")
    wait_for(lambda: away.asked("/api/org", key)[0] == 401, "token refused")
    assert away.asked("/api/org", away.token(BUILT_IN_ACCOUNT, BUILT_IN))[0] == 200
