"""Licenses: https://docs.aws.amazon.com/grafana/latest/APIReference/API_AssociateLicense.html.

A license is kept and shown; it brings no Enterprise plugin to the stack's Grafana, which is open source.
"""

from __future__ import annotations

from typing import Any

from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.grafana.description import Describe
from obsiverse_aws.grafana.errors import refused
from obsiverse_aws.grafana.models import UPGRADING
from obsiverse_aws.grafana.resources import Resources

ENTERPRISE = "ENTERPRISE"


class Licenses:
    """The operations on licenses."""

    def __init__(self, resources: Resources, describe: Describe) -> None:
        self._resources = resources
        self._describe = describe

    def associate(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """AssociateLicense."""
        kind = request["licenseType"]
        if kind != ENTERPRISE:
            raise refused("licenseType", f"Workspaces no longer support {kind}; ask for {ENTERPRISE}.")
        with self._resources.transition(caller, request["workspaceId"], UPGRADING) as workspace:
            workspace.license = kind
            workspace.license_token = request.get("grafanaToken", workspace.license_token)
        return {"workspace": self._describe(self._resources.latest(workspace))}

    def disassociate(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DisassociateLicense."""
        kind = request["licenseType"]
        with self._resources.transition(caller, request["workspaceId"], UPGRADING) as workspace:
            if workspace.license != kind:
                raise refused("licenseType", f"Workspace {workspace.name} has no license of type {kind}.")
            workspace.license = workspace.license_token = None
        return {"workspace": self._describe(self._resources.latest(workspace))}
