"""Grafana's alert rules, a group a file of grafana/alerts.

https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import grafana_data_source, grafana_folder, grafana_workspace
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source

OF_GRAFANA = ("id", "orgID", "orgId", "updated", "provenance", "folderUID", "ruleGroup")
"""What a rule has by where it is."""
UNSAID = (None, "", 0, "0s")
"""What Grafana fills in."""


class GrafanaAlertRules(Kind):
    """A group of alert rules in the folder."""

    name = "grafana-alert-rules"

    def desired(self, source: Source) -> Iterable[Resource]:
        if not source.promotion.grafana:
            return
        workspace = f"{grafana_workspace.NAME}/{source.promotion.name}"
        folder = f"{grafana_folder.NAME}/{grafana_folder.UID}"
        for file in sorted((source.root / "grafana" / "alerts").glob("*.json")):
            group = json.loads(file.read_text())
            properties = {"workspace": Ref(workspace, "id"), **_properties(group)}
            after = frozenset({f"{grafana_data_source.NAME}/amp"})
            yield Resource(self.name, group["title"], properties, parent=folder, after=after)

    def read(self, place: Place, resource: Resource) -> Found | None:
        workspace = resource.properties["workspace"]
        found = place.grafana(workspace).get(_path(resource))
        # Grafana answers 404, or a group without rules.
        if found is None or not found.get("rules"):
            return None
        return Found({"workspace": workspace, **_properties(found)})

    def create(self, place: Place, resource: Resource) -> None:
        wanted = resource.properties
        where = {"folderUID": grafana_folder.UID, "ruleGroup": resource.name, "orgID": 1}
        body = {
            "title": resource.name,
            "folderUid": grafana_folder.UID,
            "interval": wanted["interval"],
            "rules": [{**rule, **where} for rule in wanted["rules"]],
        }
        place.grafana(wanted["workspace"]).put(_path(resource), body)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.create(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        place.grafana(resource.properties["workspace"]).delete(_path(resource))


def _path(resource: Resource) -> str:
    return f"/v1/provisioning/folder/{grafana_folder.UID}/rule-groups/{resource.name}"


def _properties(group: dict[str, Any]) -> dict[str, Any]:
    return {"interval": group["interval"], "rules": [_rule(one) for one in group["rules"]]}


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    return {name: _said(value) for name, value in rule.items() if name not in OF_GRAFANA and value not in UNSAID}


def _said(value: Any) -> Any:
    """Without members that say nothing, which Grafana fills in."""
    if isinstance(value, dict):
        return {key: _said(one) for key, one in cast(dict[str, Any], value).items() if one not in (None, "")}
    if isinstance(value, list):
        return [_said(one) for one in cast(list[Any], value)]
    return value
