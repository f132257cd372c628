"""Workspaces: https://docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateWorkspace.html."""

from __future__ import annotations

import time
import uuid
from typing import Any

from obsiverse_aws.amp.listing import moment, page
from obsiverse_aws.amp.models import CREATING, DELETING, Workspace
from obsiverse_aws.amp.resources import Caller, Resources

DEFAULT_ID = "ws-00000000-0000-0000-0000-000000000000"
"""Of the workspace that the stack's own Prometheus and Alertmanager are."""


class Workspaces:
    """The operations on workspaces.

    Args:
        data_plane: host:port of what answers their queries.
    """

    def __init__(self, resources: Resources, data_plane: str) -> None:
        self._resources = resources
        self._data_plane = data_plane

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateWorkspace."""
        workspace = self._repeated(caller, request.get("clientToken")) or self._made(caller, request)
        answer = {"workspaceId": workspace.name, "arn": workspace.arn, "status": {"statusCode": workspace.status}}
        return {**answer, "tags": workspace.tags, **_key_of(workspace)}

    def _repeated(self, caller: Caller, token: str | None) -> Workspace | None:
        if token is None:
            return None
        found = self._resources.store.list(Workspace, *caller)
        return next((one for one in found if one.token == token), None)

    def _made(self, caller: Caller, request: dict[str, Any]) -> Workspace:
        workspace = Workspace(
            *caller,
            name=f"ws-{uuid.uuid4()}",
            created=time.time(),
            tags=request.get("tags", {}),
            status=CREATING,
            alias=request.get("alias"),
            kms_key=request.get("kmsKeyArn"),
            token=request.get("clientToken"),
        )
        self._resources.store.insert(workspace)
        self._resources.changed(workspace.key)
        return workspace

    def describe(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeWorkspace."""
        workspace = self._resources.workspace(caller, request["workspaceId"])
        url = f"http://{self._data_plane}/workspaces/{workspace.name}/"
        return {"workspace": {**_summary(workspace), "prometheusEndpoint": url}}

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListWorkspaces."""
        alias = request.get("alias", "")
        found = self._resources.store.list(Workspace, *caller)
        return page((one for one in found if (one.alias or "").startswith(alias)), request, _summary, "workspaces")

    def update_alias(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateWorkspaceAlias."""
        with self._resources.change_workspace(caller, request["workspaceId"]) as workspace:
            workspace.alias = request.get("alias")
        return {}

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteWorkspace."""
        with self._resources.change_workspace(caller, request["workspaceId"]) as workspace:
            workspace.status = DELETING
        self._resources.changed(workspace.key)
        return {}


def _summary(workspace: Workspace) -> dict[str, Any]:
    return {
        "workspaceId": workspace.name,
        **({"alias": workspace.alias} if workspace.alias else {}),
        "arn": workspace.arn,
        "status": {"statusCode": workspace.status},
        "createdAt": moment(workspace.created),
        "tags": workspace.tags,
        **_key_of(workspace),
    }


def _key_of(workspace: Workspace) -> dict[str, str]:
    return {"kmsKeyArn": workspace.kms_key} if workspace.kms_key else {}
