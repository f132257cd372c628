"""Alertmanager definitions: https://docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateAlertManagerDefinition.html."""

from __future__ import annotations

from typing import Any

from obsiverse_aws.amp.listing import moment
from obsiverse_aws.amp.models import AlertManagerDefinition
from obsiverse_aws.amp.resources import Caller, Resources, created, text_of


class AlertManagerDefinitions:
    """The operations on Alertmanager definitions, of which a workspace has one at most."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateAlertManagerDefinition."""
        workspace = request["workspaceId"]
        made = AlertManagerDefinition(**created(caller, workspace, workspace, text_of(request["data"]), {}))
        return {"status": self._resources.create(made).status_document()}

    def put(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """PutAlertManagerDefinition."""
        data, workspace = text_of(request["data"]), request["workspaceId"]
        return {"status": self._resources.put(AlertManagerDefinition, caller, data, workspace).status_document()}

    def describe(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeAlertManagerDefinition."""
        found = self._resources.get(AlertManagerDefinition, caller, request["workspaceId"])
        times = {"createdAt": moment(found.created), "modifiedAt": moment(found.modified)}
        return {"alertManagerDefinition": {"status": found.status_document(), "data": found.data.encode(), **times}}

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteAlertManagerDefinition."""
        self._resources.delete(AlertManagerDefinition, caller, request["workspaceId"])
        return {}
