"""Configurations of workspaces.

The format: https://docs.aws.amazon.com/grafana/latest/userguide/AMG-configure-workspace.html. It is kept, and does not change the
stack's Grafana, which all workspaces share.
"""

from __future__ import annotations

import json
from typing import Any

from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.grafana.errors import refused
from obsiverse_aws.grafana.models import UPDATING, VERSION_UPDATING
from obsiverse_aws.grafana.resources import Resources
from obsiverse_aws.grafana.versions import upgrade

DEFAULT = {"plugins": {"pluginAdminEnabled": False}, "unifiedAlerting": {"enabled": True}}
"""Every option there is, and its value where a configuration does not say."""


class Configurations:
    """The operations on configurations."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def describe(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeWorkspaceConfiguration."""
        workspace = self._resources.workspace(caller, request["workspaceId"])
        return {
            "configuration": json.dumps(workspace.configuration, separators=(",", ":")),
            "grafanaVersion": workspace.version,
        }

    def update(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateWorkspaceConfiguration."""
        configuration, version = parse(request["configuration"]), request.get("grafanaVersion")
        status = UPDATING if version is None else VERSION_UPDATING
        with self._resources.transition(caller, request["workspaceId"], status) as workspace:
            if version is not None:
                upgrade(workspace, version)
            workspace.configuration = configuration
        return {}


def parse(text: str | None) -> dict[str, Any]:
    """A configuration with defaults for the options that it leaves out; raises ValidationException naming what is wrong."""
    try:
        given = json.loads(text) if text is not None else {}
    except (ValueError, RecursionError) as error:
        raise refused("configuration", f"configuration is not JSON: {error}", "CANNOT_PARSE") from None
    _check(given, DEFAULT, "configuration")
    return {group: {**options, **given.get(group, {})} for group, options in DEFAULT.items()}


def _check(given: Any, known: Any, path: str) -> None:
    if isinstance(known, bool):
        if not isinstance(given, bool):
            raise refused("configuration", f"{path} must be true or false.")
        return
    if not isinstance(given, dict):
        raise refused("configuration", f"{path} must be a JSON object.")
    for name, value in given.items():
        if name not in known:
            raise refused("configuration", f"{path} has no option {name}; it has {', '.join(known)}.")
        _check(value, known[name], f"{path}.{name}")
