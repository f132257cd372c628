"""Service accounts: https://docs.aws.amazon.com/grafana/latest/APIReference/API_CreateWorkspaceServiceAccount.html.

They are Grafana's own: what is made there is listed here too.
"""

from __future__ import annotations

import time
from typing import Any

from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.grafana.errors import ServiceQuotaExceededException
from obsiverse_aws.grafana.grafana_api import GrafanaApi, Missing, Taken
from obsiverse_aws.grafana.listing import page
from obsiverse_aws.grafana.models import ServiceAccount, Workspace
from obsiverse_aws.grafana.organizations import Organizations
from obsiverse_aws.grafana.resources import Resources
from obsiverse_aws.resource_errors import ConflictException, ResourceNotFoundException
from obsiverse_aws.store import Gone, Key

MAX_ACCOUNTS = 100
KIND = "serviceAccount"


class ServiceAccounts:
    """The operations on service accounts, and where the others find them."""

    def __init__(self, resources: Resources, grafana: GrafanaApi, organizations: Organizations) -> None:
        self._resources = resources
        self._grafana = grafana
        self._organizations = organizations

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateWorkspaceServiceAccount."""
        workspace, name = self._resources.usable(caller, request["workspaceId"]), request["name"]
        org = self._organizations.ensure(workspace)
        if len(self.listed(workspace, org)) >= MAX_ACCOUNTS:
            raise ServiceQuotaExceededException(
                f"Workspace {workspace.name} has {MAX_ACCOUNTS} service accounts, which is the most. Delete one.",
                name,
                KIND,
            )
        try:
            made = self.make(workspace, org, name, request["grafanaRole"])
        except Taken:
            raise ConflictException(f"A service account named {name} exists already.", name, KIND) from None
        return {
            "id": str(made),
            "name": name,
            "grafanaRole": request["grafanaRole"],
            "workspaceId": workspace.name,
        }

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListWorkspaceServiceAccounts: oldest first."""
        workspace = self._resources.usable(caller, request["workspaceId"])
        found = self.listed(workspace, self._organizations.ensure(workspace))
        answer = page(found, request, lambda one: [one["id"]], _summary, "serviceAccounts")
        return {**answer, "workspaceId": workspace.name}

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteWorkspaceServiceAccount."""
        workspace = self._resources.usable(caller, request["workspaceId"])
        org, identity = self.find(workspace, request["serviceAccountId"])
        try:
            self.remove(workspace, org, identity)
        except Missing:
            raise _not_found(str(identity)) from None
        return {"serviceAccountId": str(identity), "workspaceId": workspace.name}

    def find(self, workspace: Workspace, identity: str) -> tuple[int, int]:
        """The organisation of a workspace, and an id of a service account in it; raises ResourceNotFoundException."""
        org = self._organizations.ensure(workspace)
        if identity not in {str(one["id"]) for one in self.listed(workspace, org)}:
            raise _not_found(identity)
        return org, int(identity)

    def listed(self, workspace: Workspace, org: int) -> list[dict[str, Any]]:
        """The service accounts of a workspace as Grafana has them, without those that stand for API keys."""
        records = self._resources.store.list(ServiceAccount, workspace.account, workspace.region)
        keys = {one.identity for one in records if one.workspace == workspace.name and one.api_key is not None}
        return [one for one in self._grafana.service_accounts(org) if one["id"] not in keys]

    def make(self, workspace: Workspace, org: int, name: str, role: str, api_key: str | None = None) -> int:
        """Make a service account in Grafana and remember it; its id. Raises Taken."""
        identity = int(self._grafana.create_service_account(org, name, role.capitalize())["id"])
        where = (workspace.account, workspace.region, f"{workspace.name}/{identity}")
        record = ServiceAccount(*where, time.time(), {}, workspace.name, identity, api_key)
        self._resources.store.insert(record)
        return identity

    def remove(self, workspace: Workspace, org: int, identity: int) -> None:
        """Delete a service account in Grafana and forget it; raises Missing where it was gone there."""
        try:
            self._grafana.delete_service_account(org, identity)
        except Missing:
            self.forget(workspace, identity)
            raise
        self.forget(workspace, identity)

    def forget(self, workspace: Workspace, identity: int) -> None:
        """Forget a service account that is gone; nothing happens where nobody knew it."""
        try:
            self._resources.store.delete(
                ServiceAccount, Key(workspace.account, workspace.region, f"{workspace.name}/{identity}")
            )
        except Gone:
            return


def _summary(account: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(account["id"]),
        "name": account["name"],
        "isDisabled": "true" if account["isDisabled"] else "false",
        "grafanaRole": account["role"].upper(),
    }


def _not_found(identity: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"Service account {identity} was not found.", identity, KIND)
