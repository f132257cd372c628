"""Plugins: those that Lookout stands in for are always there; any other can't be had.

https://grafana.com/docs/grafana/latest/administration/plugin-management/
"""

from __future__ import annotations

from typing import Any

from obsiverse_lookout import __version__
from obsiverse_lookout.data_sources import AMP, TYPES, XRAY
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.http import Call, route

PANELS = {
    "alertlist": "Alert list",
    "barchart": "Bar chart",
    "bargauge": "Bar gauge",
    "gauge": "Gauge",
    "heatmap": "Heatmap",
    "logs": "Logs",
    "nodeGraph": "Node graph",
    "piechart": "Pie chart",
    "stat": "Stat",
    "state-timeline": "State timeline",
    "table": "Table",
    "text": "Text",
    "timeseries": "Time series",
    "traces": "Traces",
}
# In Grafana these come from its catalogue, the others with it.
CATALOGUE = (AMP, XRAY)


def meta(plugin_id: str) -> dict[str, Any]:
    """A plugin as Grafana describes it; raises ApiError 404."""
    kind, name = ("datasource", TYPES.get(plugin_id)) if plugin_id in TYPES else ("panel", PANELS.get(plugin_id))
    if name is None:
        raise ApiError(
            404,
            f"Plugin not found, no installed plugin with the id {plugin_id!r}; Lookout stands in for "
            f"{', '.join(sorted({*TYPES, *PANELS}))}",
        )
    return {
        "id": plugin_id,
        "name": name,
        "type": kind,
        "enabled": True,
        "pinned": False,
        "category": "cloud" if plugin_id in TYPES else "",
        "signature": "internal",
        "info": {"version": __version__, "description": "", "author": {"name": "obsiverse"}, "links": [], "logos": {}},
        "hasUpdate": False,
        "defaultNavUrl": f"/plugins/{plugin_id}/",
    }


def plugins(call: Call) -> Any:
    """All of them."""
    wanted = call.query.get("type")
    found = [meta(each) for each in (*TYPES, *PANELS)]
    return sorted((each for each in found if wanted in (None, "", each["type"])), key=lambda each: each["name"])


def settings(call: Call) -> Any:
    """One."""
    more: dict[str, Any] = {"jsonData": None, "secureJsonFields": {}, "module": "", "baseUrl": ""}
    return meta(call.path("id")) | more


def install(call: Call) -> Any:
    """Make sure that a plugin is there; raises ApiError 404 for one that Lookout can't stand in for."""
    plugin = meta(call.path("id"))
    if plugin["id"] not in CATALOGUE:
        raise ApiError(400, f"Cannot install or change a core plugin: {plugin['id']} comes with Grafana")
    return {"message": f"Plugin {plugin['id']} is installed", "pluginId": plugin["id"], "version": __version__}


ROUTES = [
    route("GET", "/api/plugins", plugins),
    route("GET", "/api/plugins/{id}/settings", settings),
    route("POST", "/api/plugins/{id}/install", install, "Admin"),
]
