"""Managed Grafana: the workspace. https://docs.aws.amazon.com/grafana/latest/APIReference/API_CreateWorkspace.html"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.faults import is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import iam_role
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source, pages

NAME = "grafana-workspace"
SECONDS = 900
DATA_SOURCES = ["CLOUDWATCH", "PROMETHEUS", "XRAY"]
CONFIGURATION: dict[str, Any] = {"plugins": {"pluginAdminEnabled": True}, "unifiedAlerting": {"enabled": True}}
"""https://docs.aws.amazon.com/grafana/latest/userguide/AMG-configure-workspace.html"""


class GrafanaWorkspace(Kind):
    """A workspace, known by its name; or the one that the target's file names. People sign in by IAM Identity Center.

    Attributes that others use: `id` and `endpoint` (a host name, here with a port).
    """

    name = NAME
    actions = (
        "grafana:CreateWorkspace", "grafana:CreateWorkspaceServiceAccount",
        "grafana:CreateWorkspaceServiceAccountToken", "grafana:DeleteWorkspace",
        "grafana:DeleteWorkspaceServiceAccount", "grafana:DescribeWorkspace",
        "grafana:DescribeWorkspaceConfiguration", "grafana:ListWorkspaceServiceAccounts", "grafana:ListWorkspaces",
        "grafana:TagResource", "grafana:UpdateWorkspace", "grafana:UpdateWorkspaceConfiguration", "iam:PassRole",
        "sso:CreateManagedApplicationInstance", "sso:DescribeRegisteredRegions", "sso:GetSharedSsoConfiguration",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        promotion = source.promotion
        if promotion.grafana:
            role = f"{iam_role.NAME}/{iam_role.grafana(promotion)}"
            properties = {
                "workspaceName": promotion.name,
                "workspaceRoleArn": Ref(role, "arn"),
                "workspaceDataSources": DATA_SOURCES,
                "configuration": CONFIGURATION,
            }
            yield Resource(self.name, promotion.name, properties)

    def read(self, place: Place, resource: Resource) -> Found | None:
        if not place.offers("grafana"):
            raise PromoteError(
                f"there is no Managed Grafana in {place.region}",
                "Set promote.grafana to false in the target's file, or choose another region.",
            )
        found = _find(place, resource.name)
        if found is None:
            return None
        fixed = place.target.workspaces.grafana is not None
        return Found(
            dict(resource.properties) if fixed else self._properties(place, found),
            {"id": found["id"], "endpoint": found["endpoint"]},
            ours=None if fixed else place.is_ours(found.get("tags", {})),
            ready=found["status"] == "ACTIVE",
            note="workspaces.grafana of the target's file" if fixed else "",
        )

    def create(self, place: Place, resource: Resource) -> None:
        wanted = resource.properties
        version = place.promotion.grafana_version
        place.client("grafana").create_workspace(
            **{name: value for name, value in wanted.items() if name != "configuration"},
            accountAccessType="CURRENT_ACCOUNT",
            authenticationProviders=["AWS_SSO"],
            permissionType="CUSTOMER_MANAGED",
            configuration=json.dumps(wanted["configuration"]),
            tags=place.tags,
            clientToken=f"obsiverse-{resource.name}",
            **({"grafanaVersion": version} if version else {}),
        )

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        wanted, grafana, identity = resource.properties, place.client("grafana"), found.attributes["id"]
        if wanted["configuration"] != found.properties["configuration"]:
            grafana.update_workspace_configuration(
                workspaceId=identity, configuration=json.dumps(wanted["configuration"])
            )
            self.wait(place, resource)
        members = {name: value for name, value in wanted.items() if name != "configuration"}
        if members != {name: found.properties[name] for name in members}:
            grafana.update_workspace(workspaceId=identity, **members)

    def delete(self, place: Place, resource: Resource) -> None:
        found = _find(place, resource.name)
        if found is None:
            return
        place.forget_grafana(found["id"])
        place.client("grafana").delete_workspace(workspaceId=found["id"])
        place.wait(lambda: _find(place, resource.name) is None, f"deletion of workspace {resource.name}", SECONDS)

    def wait(self, place: Place, resource: Resource) -> None:
        def active() -> bool:
            found = _find(place, resource.name)
            if found and found["status"].endswith("FAILED"):
                raise PromoteError(f"Grafana workspace {resource.name} is {found['status']}", "See its page at AWS.")
            return found is not None and found["status"] == "ACTIVE"

        place.wait(active, f"Grafana workspace {resource.name} ACTIVE", SECONDS)

    def _properties(self, place: Place, found: dict[str, Any]) -> dict[str, Any]:
        told = place.client("grafana").describe_workspace_configuration(workspaceId=found["id"])
        configuration = json.loads(told.get("configuration") or "{}")
        return {
            "workspaceName": found.get("name", ""),
            "workspaceRoleArn": found.get("workspaceRoleArn", ""),
            "workspaceDataSources": sorted(found.get("dataSources", [])),
            # Only what is asked for: AWS adds what it has by itself.
            "configuration": {name: configuration[name] for name in CONFIGURATION if name in configuration},
        }


def _find(place: Place, name: str) -> dict[str, Any] | None:
    grafana = place.client("grafana")
    if place.target.workspaces.grafana:
        return _describe(grafana, place.target.workspaces.grafana)
    for one in pages(grafana, "list_workspaces", "workspaces"):
        if one.get("name") == name and one["status"] not in ("DELETING", "DELETED"):
            return _describe(grafana, one["id"])
    return None


def _describe(grafana: Any, identity: str) -> dict[str, Any] | None:
    try:
        return grafana.describe_workspace(workspaceId=identity)["workspace"]
    except Exception as error:
        if is_missing(error):
            return None
        raise
