"""What workspaces of Managed Grafana are told and keep: configurations, versions, sign-in, licenses and permissions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from grafana_under_test import GrafanaPlatform, refusal

ACCOUNT = "520000000001"
USERS = [{"id": "11111111-2222-3333-4444-555555555555", "type": "SSO_USER"}, {"id": "group", "type": "SSO_GROUP"}]


@pytest.fixture(scope="module")
def grafana(graphed: GrafanaPlatform) -> Any:
    return graphed.grafana(ACCOUNT)


@pytest.fixture(scope="module")
def workspace(graphed: GrafanaPlatform) -> str:
    return graphed.workspace(ACCOUNT, grafanaVersion="9.4")


def configured(grafana: Any, workspace: str) -> tuple[dict[str, Any], str]:
    found = grafana.describe_workspace_configuration(workspaceId=workspace)
    return json.loads(found["configuration"]), found["grafanaVersion"]


def caught(grafana: Any, operation: str, **arguments: Any) -> ClientError:
    with pytest.raises(ClientError) as error:
        getattr(grafana, operation)(**arguments)
    return error.value


def test_a_configuration_is_changed(graphed, grafana, workspace):
    default = {"plugins": {"pluginAdminEnabled": False}, "unifiedAlerting": {"enabled": True}}
    assert configured(grafana, workspace)[0] == default
    given = {"plugins": {"pluginAdminEnabled": True}, "unifiedAlerting": {"enabled": False}}
    answer = grafana.update_workspace_configuration(workspaceId=workspace, configuration=json.dumps(given))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    graphed.wait_for_workspace(ACCOUNT, workspace)
    assert configured(grafana, workspace)[0] == given


@pytest.mark.parametrize(
    ("configuration", "reason", "told"),
    [
        ("no JSON", "CANNOT_PARSE", "not JSON"),
        ("[]", "FIELD_VALIDATION_FAILED", "configuration must be a JSON object"),
        ('{"unifiedAlerting": true}', "FIELD_VALIDATION_FAILED", "configuration.unifiedAlerting must be a JSON object"),
        ('{"unifiedAlerting": {"enabled": 1}}', "FIELD_VALIDATION_FAILED", "unifiedAlerting.enabled must be true or false"),
        ('{"alerting": {}}', "FIELD_VALIDATION_FAILED", "has no option alerting; it has plugins, unifiedAlerting"),
    ],
)  # fmt: skip
def test_a_bad_configuration_is_refused(grafana, workspace, configuration, reason, told):
    before = configured(grafana, workspace)
    error = caught(grafana, "update_workspace_configuration", workspaceId=workspace, configuration=configuration)
    assert refusal(error) == ("ValidationException", 400)
    assert error.response["reason"] == reason
    (field,) = error.response["fieldList"]
    assert field["name"] == "configuration"
    assert told in field["message"]
    assert configured(grafana, workspace) == before


def test_a_workspace_is_upgraded_and_never_downgraded(graphed, grafana, workspace):
    assert grafana.list_versions()["grafanaVersions"] == ["12.4", "10.4", "9.4", "8.4"]
    assert grafana.list_versions(workspaceId=workspace)["grafanaVersions"] == ["12.4", "10.4"]
    grafana.update_workspace_configuration(workspaceId=workspace, configuration="{}", grafanaVersion="10.4")
    graphed.wait_for_workspace(ACCOUNT, workspace)
    assert configured(grafana, workspace)[1] == "10.4"
    assert grafana.list_versions(workspaceId=workspace)["grafanaVersions"] == ["12.4"]
    for version, expected in (
        ("9.4", ("ValidationException", 400)),
        ("11.0", ("ValidationException", 400)),
        ("10.4", ("ConflictException", 409)),
    ):
        error = caught(
            grafana,
            "update_workspace_configuration",
            workspaceId=workspace,
            configuration="{}",
            grafanaVersion=version,
        )
        assert refusal(error) == expected
    assert grafana.describe_workspace(workspaceId=workspace)["workspace"]["grafanaVersion"] == "10.4"


def test_saml_is_kept(grafana, workspace):
    grafana.update_workspace_authentication(workspaceId=workspace, authenticationProviders=["AWS_SSO", "SAML"])
    found = grafana.describe_workspace_authentication(workspaceId=workspace)["authentication"]
    assert found == {"providers": ["AWS_SSO", "SAML"], "awsSso": {}, "saml": {"status": "NOT_CONFIGURED"}}
    saml = {
        "idpMetadata": {"url": "https://idp.example.com/metadata"},
        "assertionAttributes": {"role": "role"},
        "roleValues": {"admin": ["admins"]},
        "loginValidityDuration": 60,
    }
    answer = grafana.update_workspace_authentication(
        workspaceId=workspace, authenticationProviders=["AWS_SSO", "SAML"], samlConfiguration=saml
    )
    assert answer["authentication"]["saml"] == {"status": "CONFIGURED", "configuration": saml}
    summary = grafana.describe_workspace(workspaceId=workspace)["workspace"]["authentication"]
    assert summary == {"providers": ["AWS_SSO", "SAML"], "samlConfigurationStatus": "CONFIGURED"}


@pytest.mark.parametrize(
    ("providers", "metadata", "field"),
    [
        (["AWS_SSO"], {"url": "https://idp.example.com"}, "samlConfiguration"),
        (["SAML"], {}, "samlConfiguration.idpMetadata"),
        (["SAML"], {"url": "https://idp.example.com", "xml": "<x/>"}, "samlConfiguration.idpMetadata"),
        (["SAML"], {"url": "file:///etc/passwd"}, "samlConfiguration.idpMetadata.url"),
        (["SAML", "SAML"], {"xml": "<x/>"}, "authenticationProviders"),
        (["LDAP"], {"xml": "<x/>"}, "authenticationProviders.1.member"),
    ],
)
def test_bad_authentication_is_refused(graphed, workspace, providers, metadata, field):
    error = caught(
        graphed.unchecked(ACCOUNT),
        "update_workspace_authentication",
        workspaceId=workspace,
        authenticationProviders=providers,
        samlConfiguration={"idpMetadata": metadata},
    )
    assert refusal(error) == ("ValidationException", 400)
    assert [one["name"] for one in error.response["fieldList"]] == [field]


def test_a_license_is_kept_until_it_is_taken_away(graphed, grafana, workspace):
    error = caught(grafana, "associate_license", workspaceId=workspace, licenseType="ENTERPRISE_FREE_TRIAL")
    assert refusal(error) == ("ValidationException", 400)
    answer = grafana.associate_license(workspaceId=workspace, licenseType="ENTERPRISE", grafanaToken="labs")
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["workspace"]["licenseType"]) == (202, "ENTERPRISE")
    graphed.wait_for_workspace(ACCOUNT, workspace)
    assert grafana.describe_workspace(workspaceId=workspace)["workspace"]["grafanaToken"] == "labs"
    grafana.disassociate_license(workspaceId=workspace, licenseType="ENTERPRISE")
    graphed.wait_for_workspace(ACCOUNT, workspace)
    assert "licenseType" not in grafana.describe_workspace(workspaceId=workspace)["workspace"]
    error = caught(grafana, "disassociate_license", workspaceId=workspace, licenseType="ENTERPRISE")
    assert refusal(error) == ("ValidationException", 400)


def test_permissions_are_given_and_revoked(grafana, workspace):
    def change(action: str, role: str, users: list[dict[str, str]]) -> list[Any]:
        batch = [{"action": action, "role": role, "users": users}]
        return grafana.update_permissions(workspaceId=workspace, updateInstructionBatch=batch)["errors"]

    def listed(**which: Any) -> list[tuple[str, str]]:
        found = grafana.list_permissions(workspaceId=workspace, **which)["permissions"]
        return [(one["user"]["id"], one["role"]) for one in found]

    user, group = (one["id"] for one in USERS)
    assert change("ADD", "EDITOR", USERS) == []
    assert change("ADD", "ADMIN", USERS[:1]) == []
    assert listed() == [(group, "EDITOR"), (user, "ADMIN")]
    assert listed(userType="SSO_USER") == listed(userId=user) == [(user, "ADMIN")]
    assert listed(groupId=group) == [(group, "EDITOR")]
    (error,) = change("REVOKE", "EDITOR", USERS)
    assert (error["code"], error["causedBy"]["role"]) == (404, "EDITOR")
    assert user in error["message"]
    assert listed() == [(user, "ADMIN")]


def test_permissions_take_a_workspace_with_identity_center(graphed):
    workspace = graphed.workspace("520000000002", authenticationProviders=["SAML"])
    batch = [{"action": "ADD", "role": "ADMIN", "users": USERS}]
    error = caught(
        graphed.grafana("520000000002"), "update_permissions", workspaceId=workspace, updateInstructionBatch=batch
    )
    assert refusal(error) == ("ValidationException", 400)
    assert "AWS_SSO" in error.response["Error"]["Message"]
