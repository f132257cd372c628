"""Dashboards, from grafana/dashboards: https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import grafana_data_source, grafana_folder, grafana_workspace
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source

NAME = "grafana-dashboard"
TAG = "obsiverse"
NUMBERS = ("id", "version")
"""What Grafana counts by itself."""


class GrafanaDashboard(Kind):
    """A dashboard. One that was edited in the target is shown as changed; what was there comes back with a rollback."""

    name = NAME

    def desired(self, source: Source) -> Iterable[Resource]:
        if not source.promotion.grafana:
            return
        workspace = f"{grafana_workspace.NAME}/{source.promotion.name}"
        sources = frozenset(f"{grafana_data_source.NAME}/{uid}" for uid in ("amp", "cloudwatch", "xray"))
        for file in sorted((source.root / "grafana" / "dashboards").glob("*.json")):
            model = json.loads(file.read_text())
            properties = {
                "workspace": Ref(workspace, "id"),
                "folder": grafana_folder.UID,
                "model": {name: value for name, value in model.items() if name not in NUMBERS},
            }
            folder = f"{grafana_folder.NAME}/{grafana_folder.UID}"
            yield Resource(self.name, model["uid"], properties, parent=folder, after=sources)

    def read(self, place: Place, resource: Resource) -> Found | None:
        workspace = resource.properties["workspace"]
        found = place.grafana(workspace).get(f"/dashboards/uid/{resource.name}")
        if found is None:
            return None
        model, meta = found["dashboard"], found["meta"]
        return Found(
            {
                "workspace": workspace,
                "folder": meta.get("folderUid", ""),
                "model": {name: value for name, value in model.items() if name not in NUMBERS},
            },
            {"version": str(model.get("version", "")), "url": meta.get("url", "")},
            # A dashboard that only happens to have the uid has not our tag.
            ours=True if TAG in model.get("tags", []) else None,
            note=f"version {model.get('version')}, saved by {meta.get('updatedBy') or 'unknown'}",
        )

    def create(self, place: Place, resource: Resource) -> None:
        self._save(place, resource, overwrite=False)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self._save(place, resource, overwrite=True)

    def delete(self, place: Place, resource: Resource) -> None:
        place.grafana(resource.properties["workspace"]).delete(f"/dashboards/uid/{resource.name}")

    def others(self, place: Place, wanted: Sequence[Resource]) -> Iterable[str]:
        if not wanted:
            return []
        names = {one.name for one in wanted}
        listed: list[dict[str, Any]] = place.grafana(wanted[0].properties["workspace"]).request(
            "GET", f"/search?type=dash-db&folderUIDs={grafana_folder.UID}"
        )
        return [one["uid"] for one in listed if one["uid"] not in names]

    def _save(self, place: Place, resource: Resource, overwrite: bool) -> None:
        wanted = resource.properties
        body = {
            "dashboard": {**wanted["model"], "id": None},
            "folderUid": wanted["folder"],
            "overwrite": overwrite,
            "message": "obsiverse promote",
        }
        place.grafana(wanted["workspace"]).post("/dashboards/db", body)
