"""Workspaces as they stand in answers: https://docs.aws.amazon.com/grafana/latest/APIReference/API_WorkspaceDescription.html."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from obsiverse_aws.amp.listing import moment
from obsiverse_aws.grafana.models import Workspace

IN_SUMMARY = ("name", "description", "notificationDestinations")
Describe = Callable[[Workspace], dict[str, Any]]


def describer(endpoint: str) -> Describe:
    """What makes a WorkspaceDescription; `endpoint` (host:port) is where browsers find all workspaces."""

    def describe(workspace: Workspace) -> dict[str, Any]:
        return {"dataSources": [], **workspace.details, **_common(workspace, endpoint)}

    return describe


def summarizer(endpoint: str) -> Describe:
    """What makes a WorkspaceSummary."""

    def summarize(workspace: Workspace) -> dict[str, Any]:
        details = {name: workspace.details[name] for name in IN_SUMMARY if name in workspace.details}
        return {**details, **_common(workspace, endpoint)}

    return summarize


def authentication_summary(workspace: Workspace) -> dict[str, Any]:
    """An AuthenticationSummary."""
    if "SAML" not in workspace.providers:
        return {"providers": workspace.providers}
    return {"providers": workspace.providers, "samlConfigurationStatus": saml_status(workspace)}


def saml_status(workspace: Workspace) -> str:
    """A SamlConfigurationStatus."""
    return "CONFIGURED" if workspace.saml else "NOT_CONFIGURED"


def _common(workspace: Workspace, endpoint: str) -> dict[str, Any]:
    licensed = {"licenseType": workspace.license, "grafanaToken": workspace.license_token}
    return {
        "id": workspace.name,
        "status": workspace.status,
        "endpoint": endpoint,
        "grafanaVersion": workspace.version,
        "created": moment(workspace.created),
        "modified": moment(workspace.modified),
        "authentication": authentication_summary(workspace),
        "tags": workspace.tags,
        **{name: value for name, value in licensed.items() if value is not None},
    }
