"""Versions of Grafana: https://docs.aws.amazon.com/grafana/latest/APIReference/API_ListVersions.html.

What is kept is the version's name: behind all workspaces is the one Grafana of the stack.
"""

from __future__ import annotations

from typing import Any

from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.grafana.errors import refused
from obsiverse_aws.grafana.listing import page
from obsiverse_aws.grafana.models import Workspace
from obsiverse_aws.grafana.resources import Resources
from obsiverse_aws.resource_errors import ConflictException

VERSIONS = ("8.4", "9.4", "10.4", "12.4")
LATEST = VERSIONS[-1]


class Versions:
    """The operation on versions."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListVersions: all, or those that a workspace can be upgraded to. Newest first, as AWS has them."""
        identity = request.get("workspaceId")
        found = VERSIONS if identity is None else newer_than(self._resources.workspace(caller, identity).version)
        return page(found, request, lambda one: [-VERSIONS.index(one)], str, "grafanaVersions")


def checked(version: str | None) -> str:
    """A version for a new workspace, the latest where none is asked for; raises ValidationException."""
    if version is None:
        return LATEST
    if version not in VERSIONS:
        raise refused(
            "grafanaVersion", f"Grafana version {version} is not supported; use one of {', '.join(VERSIONS)}."
        )
    return version


def upgrade(workspace: Workspace, version: str) -> None:
    """Give a workspace a newer version.

    Raises ValidationException for one that there is not or that is older, ConflictException for its own.
    """
    checked(version)
    if version == workspace.version:
        raise ConflictException(f"The workspace has Grafana version {version} already.", workspace.name, "workspace")
    if version not in newer_than(workspace.version):
        newer = ", ".join(newer_than(workspace.version)) or "nothing: it has the latest"
        raise refused(
            "grafanaVersion",
            f"A workspace can't be downgraded from Grafana version {workspace.version} to {version}."
            f" It can be upgraded to {newer}.",
        )
    workspace.version = version


def newer_than(version: str) -> tuple[str, ...]:
    """What a workspace of a version can be upgraded to."""
    return VERSIONS[VERSIONS.index(version) + 1 :]
