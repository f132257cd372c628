"""Logging configurations: https://docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateLoggingConfiguration.html."""

from __future__ import annotations

from typing import Any

from obsiverse_aws.amp.listing import moment
from obsiverse_aws.amp.models import LoggingConfiguration
from obsiverse_aws.amp.resources import Caller, Resources, created


class LoggingConfigurations:
    """The operations on logging configurations, of which a workspace has one at most."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateLoggingConfiguration."""
        workspace = request["workspaceId"]
        made = LoggingConfiguration(**created(caller, workspace, workspace, request["logGroupArn"], {}))
        return {"status": self._resources.create(made).status_document()}

    def update(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateLoggingConfiguration."""
        group, workspace = request["logGroupArn"], request["workspaceId"]
        return {"status": self._resources.put(LoggingConfiguration, caller, group, workspace).status_document()}

    def describe(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeLoggingConfiguration."""
        found = self._resources.get(LoggingConfiguration, caller, request["workspaceId"])
        times = {"createdAt": moment(found.created), "modifiedAt": moment(found.modified)}
        described = {"status": found.status_document(), "workspace": found.workspace, "logGroupArn": found.data}
        return {"loggingConfiguration": {**described, **times}}

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteLoggingConfiguration."""
        self._resources.delete(LoggingConfiguration, caller, request["workspaceId"])
        return {}
