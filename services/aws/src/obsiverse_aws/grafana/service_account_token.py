"""Tokens of service accounts.

https://docs.aws.amazon.com/grafana/latest/APIReference/API_CreateWorkspaceServiceAccountToken.html. Grafana makes them, ends them in
time, and knows their keys only as hashes: a key is shown once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.grafana.errors import ServiceQuotaExceededException
from obsiverse_aws.grafana.grafana_api import GrafanaApi, Missing, Taken
from obsiverse_aws.grafana.listing import page
from obsiverse_aws.grafana.resources import Resources
from obsiverse_aws.grafana.service_account import ServiceAccounts
from obsiverse_aws.resource_errors import ConflictException, ResourceNotFoundException

MAX_TOKENS = 100
KIND = "serviceAccountToken"
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""When tokens end that were made in Grafana itself and have no end, which AWS has no word for."""


class ServiceAccountTokens:
    """The operations on tokens."""

    def __init__(self, resources: Resources, grafana: GrafanaApi, accounts: ServiceAccounts) -> None:
        self._resources = resources
        self._grafana = grafana
        self._accounts = accounts

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateWorkspaceServiceAccountToken."""
        workspace, name = self._resources.usable(caller, request["workspaceId"]), request["name"]
        org, account = self._accounts.find(workspace, request["serviceAccountId"])
        # Those that have ended count too, as on AWS.
        if sum(one["tokens"] for one in self._accounts.listed(workspace, org)) >= MAX_TOKENS:
            raise ServiceQuotaExceededException(
                f"Workspace {workspace.name} has {MAX_TOKENS} service account tokens, which is the most. Delete one.",
                name,
                KIND,
            )
        try:
            made = self._grafana.create_token(org, account, name, request["secondsToLive"])
        except Taken:
            raise ConflictException(f"A token named {name} exists already in the workspace.", name, KIND) from None
        token = {"id": str(made["id"]), "name": made["name"], "key": made["key"]}
        return {"serviceAccountToken": token, **_of(request)}

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListWorkspaceServiceAccountTokens: oldest first, also those that have ended."""
        workspace = self._resources.usable(caller, request["workspaceId"])
        org, account = self._accounts.find(workspace, request["serviceAccountId"])
        found = self._grafana.tokens(org, account)
        return {**page(found, request, lambda one: [one["id"]], _summary, "serviceAccountTokens"), **_of(request)}

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteWorkspaceServiceAccountToken."""
        workspace, token = self._resources.usable(caller, request["workspaceId"]), request["tokenId"]
        org, account = self._accounts.find(workspace, request["serviceAccountId"])
        if token not in {str(one["id"]) for one in self._grafana.tokens(org, account)}:
            raise _not_found(token)
        try:
            self._grafana.delete_token(org, account, int(token))
        except Missing:
            raise _not_found(token) from None
        return {"tokenId": token, **_of(request)}


def _of(request: dict[str, Any]) -> dict[str, str]:
    return {"serviceAccountId": request["serviceAccountId"], "workspaceId": request["workspaceId"]}


def _summary(token: dict[str, Any]) -> dict[str, Any]:
    used = {"lastUsedAt": datetime.fromisoformat(token["lastUsedAt"])} if token.get("lastUsedAt") else {}
    return {
        "id": str(token["id"]),
        "name": token["name"],
        "createdAt": datetime.fromisoformat(token["created"]),
        "expiresAt": datetime.fromisoformat(token["expiration"]) if token.get("expiration") else NEVER,
        **used,
    }


def _not_found(identity: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"Token {identity} was not found.", identity, KIND)
