"""Plugins of the Grafana workspace: the data sources that Grafana does not have by itself.

https://docs.aws.amazon.com/grafana/latest/userguide/grafana-plugins.html
"""

from __future__ import annotations

from collections.abc import Iterable

from obsiverse.promote.errors import GrafanaRefused
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import grafana_workspace
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source

NAME = "grafana-plugin"
PLUGINS = ("grafana-amazonprometheus-datasource", "grafana-x-ray-datasource")
SECONDS = 120
GONE = 404


class GrafanaPlugin(Kind):
    """A plugin of Grafana's catalogue, in whatever version is there."""

    name = NAME

    def desired(self, source: Source) -> Iterable[Resource]:
        if source.promotion.grafana:
            workspace = f"{grafana_workspace.NAME}/{source.promotion.name}"
            for plugin in PLUGINS:
                yield Resource(self.name, plugin, {"workspace": Ref(workspace, "id")}, parent=workspace)

    def read(self, place: Place, resource: Resource) -> Found | None:
        workspace = resource.properties["workspace"]
        found = place.grafana(workspace).get(f"/plugins/{resource.name}/settings")
        return None if found is None else Found({"workspace": workspace})

    def create(self, place: Place, resource: Resource) -> None:
        place.grafana(resource.properties["workspace"]).post(f"/plugins/{resource.name}/install", {})

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        """Nothing of a plugin can differ."""

    def delete(self, place: Place, resource: Resource) -> None:
        try:
            place.grafana(resource.properties["workspace"]).post(f"/plugins/{resource.name}/uninstall", {})
        except GrafanaRefused as refused:
            # It is gone, or is part of this Grafana.
            if refused.status != GONE:
                raise

    def wait(self, place: Place, resource: Resource) -> None:
        place.wait(lambda: self.read(place, resource) is not None, f"plugin {resource.name}", SECONDS)
