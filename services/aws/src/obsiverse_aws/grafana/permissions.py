"""Permissions of users and groups: https://docs.aws.amazon.com/grafana/latest/APIReference/API_UpdatePermissions.html.

They are kept and listed: no user of IAM Identity Center signs in here, so no one has them.
"""

from __future__ import annotations

from typing import Any

from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.grafana.errors import refused
from obsiverse_aws.grafana.listing import page
from obsiverse_aws.grafana.models import Workspace
from obsiverse_aws.grafana.resources import Resources

NOT_FOUND = 404
GROUP, USER = "SSO_GROUP", "SSO_USER"


class Permissions:
    """The operations on permissions."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListPermissions: by type and id."""
        workspace = self._resources.workspace(caller, request["workspaceId"])
        found = [(*key.split("/", 1), role) for key, role in workspace.permissions.items() if _is_asked(request, key)]
        return page(
            found,
            request,
            lambda one: [one[0], one[1]],
            lambda one: {"user": {"type": one[0], "id": one[1]}, "role": one[2]},
            "permissions",
        )

    def update(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """UpdatePermissions: what can be done is, and the answer has what can't."""
        with self._resources.change(caller, request["workspaceId"]) as workspace:
            if "AWS_SSO" not in workspace.providers:
                raise refused(
                    "workspaceId",
                    f"Workspace {workspace.name} does not authenticate users by AWS_SSO, whose users have permissions.",
                )
            errors = [
                error for one in request["updateInstructionBatch"] if (error := _apply(workspace, one)) is not None
            ]
        return {"errors": errors}


def _is_asked(request: dict[str, Any], key: str) -> bool:
    kind, identity = key.split("/", 1)
    if request.get("userType", kind) != kind:
        return False
    named = {USER: request.get("userId"), GROUP: request.get("groupId")}
    if not any(named.values()):
        return True
    return named[kind] == identity


def _apply(workspace: Workspace, instruction: dict[str, Any]) -> dict[str, Any] | None:
    role: str = instruction["role"]
    keys = [f"{user['type']}/{user['id']}" for user in instruction["users"]]
    if instruction["action"] == "ADD":
        # One role for each: another one takes the place of the one before.
        workspace.permissions |= dict.fromkeys(keys, role)
        return None
    lacking = [key for key in keys if workspace.permissions.get(key) != role]
    for key in keys:
        if key not in lacking:
            del workspace.permissions[key]
    if not lacking:
        return None
    message = f"Role {role} can't be revoked from who does not have it: {', '.join(lacking)}."
    return {"code": NOT_FOUND, "message": message, "causedBy": instruction}
