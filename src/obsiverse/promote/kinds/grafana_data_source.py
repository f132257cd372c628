"""Data sources of the Grafana workspace: those of grafana/provisioning, signed in by the workspace's role.

https://grafana.com/docs/grafana/latest/developers/http_api/data_source/. On this machine's edge a workspace has no role that signs: there
the account's key is used, as for all who call the edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from ruamel.yaml import YAML

from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import amp_workspace, grafana_plugin, grafana_workspace
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source

NAME = "grafana-data-source"
FILE = "grafana/provisioning/datasources/obsiverse.yaml"
AMP = "grafana-amazonprometheus-datasource"
SIGV4_ROLE, AWS_ROLE = "workspace-iam-role", "ec2_iam_role"
"""What Managed Grafana's data sources call the workspace's role: the one of Prometheus, and those of AWS's SDK."""
WITH_KEYS = "keys"
MEMBERS = ("name", "type", "access", "url", "isDefault", "jsonData")


class GrafanaDataSource(Kind):
    """A data source. Its uid is the name that dashboards' variables look for."""

    name = NAME

    def desired(self, source: Source) -> Iterable[Resource]:
        if not source.promotion.grafana:
            return
        yaml: Any = YAML(typ="safe", pure=True)
        workspace = f"{grafana_workspace.NAME}/{source.promotion.name}"
        for one in yaml.load(source.root / FILE)["datasources"]:
            properties = _of_workspace(source, one)
            after = {f"{grafana_plugin.NAME}/{plugin}" for plugin in grafana_plugin.PLUGINS if plugin == one["type"]}
            properties["workspace"] = Ref(workspace, "id")
            yield Resource(self.name, one["uid"], properties, parent=workspace, after=frozenset(after))

    def read(self, place: Place, resource: Resource) -> Found | None:
        workspace = resource.properties["workspace"]
        found = place.grafana(workspace).get(f"/datasources/uid/{resource.name}")
        if found is None:
            return None
        properties = {name: found.get(name) for name in MEMBERS}
        properties["workspace"] = workspace
        return Found(properties, note="read-only: it comes from a file" if found.get("readOnly") else "")

    def create(self, place: Place, resource: Resource) -> None:
        place.grafana(resource.properties["workspace"]).post("/datasources", _body(place, resource))

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        path = f"/datasources/uid/{resource.name}"
        place.grafana(resource.properties["workspace"]).put(path, _body(place, resource))

    def delete(self, place: Place, resource: Resource) -> None:
        place.grafana(resource.properties["workspace"]).delete(f"/datasources/uid/{resource.name}")


def _of_workspace(source: Source, given: dict[str, Any]) -> dict[str, Any]:
    target = source.target
    emulated = target.credentials.source == "emulated"
    data: dict[str, Any] = {
        name: value for name, value in cast(dict[str, Any], given["jsonData"]).items() if name != "endpoint"
    }
    url: str | Ref = ""
    if given["type"] == AMP:
        data |= {"sigV4AuthType": WITH_KEYS if emulated else SIGV4_ROLE, "sigV4Region": target.region}
        url = Ref(f"{amp_workspace.NAME}/{source.promotion.name}", "query")
    else:
        data |= {"authType": WITH_KEYS if emulated else AWS_ROLE, "defaultRegion": target.region}
        if target.endpoints.aws:
            data["endpoint"] = target.endpoints.aws
    return {
        "name": given["name"],
        "type": given["type"],
        "access": "proxy",
        "url": url,
        "isDefault": bool(given.get("isDefault")),
        "jsonData": data,
    }


def _body(place: Place, resource: Resource) -> dict[str, Any]:
    body = {name: value for name, value in resource.properties.items() if name in MEMBERS}
    body["uid"] = resource.name
    if place.target.credentials.source == "emulated":
        names = (
            ("sigV4AccessKey", "sigV4SecretKey") if resource.properties["type"] == AMP else ("accessKey", "secretKey")
        )
        credentials = place.credentials()
        body["secureJsonData"] = dict(zip(names, (credentials.access_key, credentials.secret_key), strict=True))
    return body
