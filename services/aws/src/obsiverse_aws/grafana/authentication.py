"""How users sign in to workspaces.

https://docs.aws.amazon.com/grafana/latest/APIReference/API_UpdateWorkspaceAuthentication.html. It is kept and shown: nobody signs in
by IAM Identity Center or SAML here. The stack's Grafana lets anyone view its main organisation, and takes tokens.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.grafana.description import saml_status
from obsiverse_aws.grafana.errors import refused
from obsiverse_aws.grafana.models import Workspace
from obsiverse_aws.grafana.resources import Resources


class Authentication:
    """The operations on authentication."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def describe(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeWorkspaceAuthentication."""
        return {"authentication": _described(self._resources.workspace(caller, request["workspaceId"]))}

    def update(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateWorkspaceAuthentication."""
        providers, saml = checked_providers(request["authenticationProviders"]), request.get("samlConfiguration")
        if saml is not None:
            if "SAML" not in providers:
                raise refused("samlConfiguration", "samlConfiguration takes SAML among authenticationProviders.")
            _check_saml(saml)
        with self._resources.change(caller, request["workspaceId"]) as workspace:
            workspace.providers = providers
            workspace.saml = (saml or workspace.saml) if "SAML" in providers else None
        return {"authentication": _described(workspace)}


def checked_providers(providers: list[str]) -> list[str]:
    """Providers of authentication; raises ValidationException where there is none, or one twice."""
    if not providers or len(set(providers)) < len(providers):
        raise refused(
            "authenticationProviders", "authenticationProviders must name AWS_SSO, SAML or both, each of them once."
        )
    return providers


def _check_saml(saml: dict[str, Any]) -> None:
    metadata = {name: value for name, value in saml["idpMetadata"].items() if value is not None}
    if len(metadata) != 1:
        raise refused("samlConfiguration.idpMetadata", "idpMetadata must have either url or xml.")
    if "url" in metadata and urlsplit(metadata["url"]).scheme not in ("http", "https"):
        raise refused("samlConfiguration.idpMetadata.url", "idpMetadata.url must be an http or https URL.")
    if saml.get("loginValidityDuration", 1) < 1:
        raise refused("samlConfiguration.loginValidityDuration", "loginValidityDuration must be at least 1 minute.")


def _described(workspace: Workspace) -> dict[str, Any]:
    described: dict[str, Any] = {"providers": workspace.providers}
    if "AWS_SSO" in workspace.providers:
        described["awsSso"] = {}
    if "SAML" in workspace.providers:
        configured = {"configuration": workspace.saml} if workspace.saml else {}
        described["saml"] = {"status": saml_status(workspace), **configured}
    return described
