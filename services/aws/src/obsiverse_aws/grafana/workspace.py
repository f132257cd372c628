"""Workspaces: https://docs.aws.amazon.com/grafana/latest/APIReference/API_CreateWorkspace.html."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from typing import Any

from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.grafana.authentication import checked_providers
from obsiverse_aws.grafana.configuration import parse
from obsiverse_aws.grafana.description import Describe
from obsiverse_aws.grafana.errors import (
    AccessDeniedException,
    ServiceQuotaExceededException,
    ValidationException,
    refused,
)
from obsiverse_aws.grafana.listing import page
from obsiverse_aws.grafana.models import ACTIVE, BUILT_IN_ID, CREATING, DELETING, UPDATING, Workspace
from obsiverse_aws.grafana.resources import Resources
from obsiverse_aws.grafana.tags import check_tags
from obsiverse_aws.grafana.versions import LATEST, checked
from obsiverse_aws.resource_errors import ConflictException

MAX_WORKSPACES = 5
QUOTA = "L-2C2D5119"
"""AWS's code for the number of workspaces in an account and region."""
MAX_NETWORK = 5
"""Prefix lists, and VPC endpoints, of a workspace."""
DETAILS = {
    "accountAccessType": "accountAccessType",
    "permissionType": "permissionType",
    "organizationRoleName": "organizationRoleName",
    "stackSetName": "stackSetName",
    "workspaceDataSources": "dataSources",
    "workspaceDescription": "description",
    "workspaceName": "name",
    "workspaceNotificationDestinations": "notificationDestinations",
    "workspaceOrganizationalUnits": "organizationalUnits",
    "workspaceRoleArn": "workspaceRoleArn",
    "vpcConfiguration": "vpcConfiguration",
    "networkAccessControl": "networkAccessControl",
    "kmsKeyId": "kmsKeyId",
}
"""Members of requests, and the same ones of descriptions."""
REMOVALS = {
    "removeVpcConfiguration": "vpcConfiguration",
    "removeNetworkAccessConfiguration": "networkAccessControl",
}


class Workspaces:
    """The operations on workspaces."""

    def __init__(self, resources: Resources, describe: Describe, summarize: Describe) -> None:
        self._resources = resources
        self._describe = describe
        self._summarize = summarize
        self._creating = threading.Lock()

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateWorkspace."""
        workspace = _made(caller, request)
        with self._creating:
            there = self._resources.store.list(Workspace, *caller)
            repeated = next((one for one in there if one.token == workspace.token and one.token is not None), None)
            if repeated is not None:
                if repeated.digest != workspace.digest:
                    raise ConflictException(
                        "clientToken was used for another workspace.", repeated.name, Workspace.KIND
                    )
                return self._answer(repeated)
            if len(there) >= MAX_WORKSPACES:
                raise ServiceQuotaExceededException(
                    f"There are {len(there)} workspaces in account {caller.account} and region {caller.region}, and at most"
                    f" {MAX_WORKSPACES} can be. Delete one.",
                    workspace.name,
                    Workspace.KIND,
                    QUOTA,
                )
            while any(one.name == workspace.name for one in there):
                workspace.name = _identity()
            self._resources.store.insert(workspace)
        self._resources.changed(workspace.key)
        return self._answer(workspace)

    def describe(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeWorkspace."""
        return {"workspace": self._describe(self._resources.workspace(caller, request["workspaceId"]))}

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListWorkspaces: oldest first."""
        found = self._resources.store.list(Workspace, *caller)
        return page(found, request, lambda one: [one.created, one.name], self._summarize, "workspaces")

    def update(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateWorkspace."""
        with self._resources.transition(caller, request["workspaceId"], UPDATING) as workspace:
            details = {**workspace.details, **_details(request)}
            for removal, name in REMOVALS.items():
                if request.get(removal):
                    if name in request:
                        raise refused(removal, f"{removal} and {name} can't be given together.")
                    details.pop(name, None)
            _check_details(details)
            workspace.details = details
        return self._answer(workspace)

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteWorkspace."""
        identity = request["workspaceId"]
        if self._resources.workspace(caller, identity).built_in:
            raise AccessDeniedException(
                f"Workspace {identity} is the main organisation of the stack's own Grafana and can't be deleted."
            )
        with self._resources.transition(caller, identity, DELETING) as workspace:
            pass
        return {"workspace": {**self._describe(workspace), "status": DELETING}}

    def _answer(self, workspace: Workspace) -> dict[str, Any]:
        # In an instant account it has arrived meanwhile.
        return {"workspace": self._describe(self._resources.latest(workspace))}


def built_in(account: str, region: str) -> Workspace:
    """The workspace that the stack's own Grafana is."""
    details = {
        "accountAccessType": "CURRENT_ACCOUNT",
        "permissionType": "SERVICE_MANAGED",
        "dataSources": ["CLOUDWATCH", "PROMETHEUS", "XRAY"],
        "name": "default",
    }
    return Workspace(
        account,
        region,
        name=BUILT_IN_ID,
        created=(now := time.time()),
        modified=now,
        tags={},
        status=ACTIVE,
        version=LATEST,
        details=details,
        configuration=parse('{"plugins": {"pluginAdminEnabled": true}}'),
        providers=["AWS_SSO"],
        built_in=True,
    )


def _made(caller: Caller, request: dict[str, Any]) -> Workspace:
    check_tags(request.get("tags", {}))
    details = _details(request)
    _check_details(details)
    asked = {name: value for name, value in request.items() if name != "clientToken"}
    return Workspace(
        *caller,
        name=_identity(),
        created=(now := time.time()),
        modified=now,
        tags=request.get("tags", {}),
        status=CREATING,
        version=checked(request.get("grafanaVersion")),
        details=details,
        configuration=parse(request.get("configuration")),
        providers=checked_providers(request["authenticationProviders"]),
        token=request.get("clientToken"),
        digest=hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest(),
    )


def _identity() -> str:
    while (identity := f"g-{secrets.token_hex(5)}") == BUILT_IN_ID:
        pass
    return identity


def _details(request: dict[str, Any]) -> dict[str, Any]:
    return {told: request[asked] for asked, told in DETAILS.items() if asked in request}


def _check_details(details: dict[str, Any]) -> None:
    problems: dict[str, str] = {}
    if details["permissionType"] == "CUSTOMER_MANAGED" and "workspaceRoleArn" not in details:
        problems["workspaceRoleArn"] = "When the permissionType is CUSTOMER_MANAGED, workspaceRoleArn must be provided."
    if details["accountAccessType"] == "ORGANIZATION" and not details.get("organizationalUnits"):
        problems["workspaceOrganizationalUnits"] = (
            "When the accountAccessType is ORGANIZATION, workspaceOrganizationalUnits must name at least one."
        )
    for name, listed in details.get("networkAccessControl", {}).items():
        if len(listed) > MAX_NETWORK:
            problems[f"networkAccessControl.{name}"] = f"networkAccessControl.{name} can have at most {MAX_NETWORK}."
    if problems:
        raise ValidationException(" ".join(problems.values()), problems)
