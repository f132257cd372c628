"""The SDK's models as the JSON that is checked in."""

from __future__ import annotations

import json
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

DATA_LINK = ("title", "url", "targetBlank")


def dashboard_json(dashboard: Dashboard) -> str:
    """A dashboard's file, in the v1 schema."""
    document = to_plain(dashboard)
    document["id"] = None
    document["version"] = 1
    for panel in panels(document):
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        # The SDK has the links at a dashboard's top and those of values as one type; Grafana does not.
        links = [{key: link.get(key, False) for key in DATA_LINK} for link in defaults.pop("links", [])]
        if links:
            defaults["links"] = links
    for placed in (*document["links"], *document["annotations"]["list"]):
        # The SDK puts all of them into a menu that is Grafana 13's; without it they are above the panels.
        placed.pop("placement", None)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def to_plain(model: object) -> Any:
    """A model of the SDK as plain JSON."""
    return json.loads(json.dumps(model, cls=JSONEncoder))


def panels(document: dict[str, Any]) -> list[dict[str, Any]]:
    """All panels of a dashboard's document without its rows, also those in folded rows."""
    found: list[dict[str, Any]] = []
    for panel in document["panels"]:
        if panel["type"] == "row":
            found += panel["panels"]
        else:
            found.append(panel)
    return found
