"""The folder of dashboards: https://grafana.com/docs/grafana/latest/developers/http_api/folder/."""

from __future__ import annotations

from collections.abc import Iterable

from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import grafana_workspace
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source

NAME = "grafana-folder"
UID = "obsiverse"
"""As grafana/alerts/*.json name it."""


class GrafanaFolder(Kind):
    """The folder that dashboards and alert rules are in."""

    name = NAME

    def desired(self, source: Source) -> Iterable[Resource]:
        if source.promotion.grafana:
            workspace = f"{grafana_workspace.NAME}/{source.promotion.name}"
            properties = {"workspace": Ref(workspace, "id"), "title": UID}
            yield Resource(self.name, UID, properties, parent=workspace)

    def read(self, place: Place, resource: Resource) -> Found | None:
        workspace = resource.properties["workspace"]
        found = place.grafana(workspace).get(f"/folders/{resource.name}")
        return None if found is None else Found({"workspace": workspace, "title": found["title"]})

    def create(self, place: Place, resource: Resource) -> None:
        body = {"uid": resource.name, "title": resource.properties["title"]}
        place.grafana(resource.properties["workspace"]).post("/folders", body)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        body = {"title": resource.properties["title"], "overwrite": True}
        place.grafana(resource.properties["workspace"]).put(f"/folders/{resource.name}", body)

    def delete(self, place: Place, resource: Resource) -> None:
        place.grafana(resource.properties["workspace"]).delete(f"/folders/{resource.name}")
