"""API keys: https://docs.aws.amazon.com/grafana/latest/APIReference/API_CreateWorkspaceApiKey.html.

Grafana has none since version 12, and AWS advises against them since 9: here a key is the token of a service account of its own,
which no list shows.
"""

from __future__ import annotations

from typing import Any

from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.grafana.errors import ServiceQuotaExceededException, refused
from obsiverse_aws.grafana.grafana_api import GrafanaApi, Missing, Taken
from obsiverse_aws.grafana.models import ServiceAccount, Workspace
from obsiverse_aws.grafana.organizations import Organizations
from obsiverse_aws.grafana.resources import Resources
from obsiverse_aws.grafana.service_account import ServiceAccounts
from obsiverse_aws.resource_errors import ConflictException, ResourceNotFoundException

MAX_KEYS = 100
KIND = "apiKey"
ROLES = ("ADMIN", "EDITOR", "VIEWER")
PREFIX = "obsiverse-api-key-"
"""Of a key's service account and token in Grafana, whose names are not to meet those of users'."""


class ApiKeys:
    """The operations on API keys."""

    def __init__(
        self, resources: Resources, grafana: GrafanaApi, organizations: Organizations, accounts: ServiceAccounts
    ) -> None:
        self._resources = resources
        self._grafana = grafana
        self._organizations = organizations
        self._accounts = accounts

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateWorkspaceApiKey."""
        name, role = request["keyName"], request["keyRole"]
        if role not in ROLES:
            raise refused("keyRole", f"keyRole must be one of {', '.join(ROLES)}, not {role}.")
        workspace = self._resources.usable(caller, request["workspaceId"])
        keys = self._keys(workspace)
        if name in keys:
            raise _taken(name)
        if len(keys) >= MAX_KEYS:
            raise ServiceQuotaExceededException(
                f"Workspace {workspace.name} has {MAX_KEYS} API keys, which is the most. Delete one.", name, KIND
            )
        org = self._organizations.ensure(workspace)
        try:
            account = self._accounts.make(workspace, org, f"{PREFIX}{name}", role, name)
        except Taken:
            raise _taken(name) from None
        try:
            made = self._grafana.create_token(org, account, f"{PREFIX}{name}", request["secondsToLive"])
        except BaseException:
            self._accounts.remove(workspace, org, account)
            raise
        return {"keyName": name, "key": made["key"], "workspaceId": workspace.name}

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteWorkspaceApiKey."""
        name = request["keyName"]
        workspace = self._resources.usable(caller, request["workspaceId"])
        key = self._keys(workspace).get(name)
        if key is None:
            raise _not_found(name)
        try:
            self._accounts.remove(workspace, self._organizations.ensure(workspace), key.identity)
        except Missing:
            raise _not_found(name) from None
        return {"keyName": name, "workspaceId": workspace.name}

    def _keys(self, workspace: Workspace) -> dict[str, ServiceAccount]:
        records = self._resources.store.list(ServiceAccount, workspace.account, workspace.region)
        return {one.api_key: one for one in records if one.workspace == workspace.name and one.api_key is not None}


def _taken(name: str) -> ConflictException:
    return ConflictException(f"An API key named {name} exists already.", name, KIND)


def _not_found(name: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"API key {name} was not found.", name, KIND)
