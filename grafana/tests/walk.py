"""Ways through a dashboard's document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from obsiverse_dashboards.document import panels

AMP = "grafana-amazonprometheus-datasource"
DURATIONS = {"$interval": "5m", "$__rate_interval": "1m", "$__range": "6h", "$__interval": "1m"}


def expressions(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Where it stands and what it says, of each PromQL expression."""
    for panel in panels(document):
        for target in panel.get("targets", []):
            if target["datasource"]["type"] == AMP:
                yield f"{document['uid']}: {panel['title']} {target['refId']}", target["expr"]
    for variable in document["templating"]["list"]:
        if variable["type"] == "query" and variable["datasource"]["type"] == AMP:
            yield f"{document['uid']}: variable {variable['name']}", asked(variable["query"]["query"])
    for annotation in document["annotations"]["list"]:
        if "expr" in annotation:
            yield f"{document['uid']}: annotation {annotation['name']}", annotation["expr"]


def asked(query: str) -> str:
    """The PromQL of a `label_values(series,label)` or a `query_result(expression)`."""
    found = re.fullmatch(r"label_values\((.*),\s*\w+\)|query_result\((.*)\)", query)
    assert found, query
    return found[1] or found[2]


def concrete(expression: str) -> str:
    """An expression with times in the places of Grafana's variables of times."""
    for name, value in DURATIONS.items():
        expression = expression.replace(name, value)
    return expression


def links(document: dict[str, Any]) -> Iterator[str]:
    """The address of each link."""
    yield from (link["url"] for link in document["links"] if link["type"] == "link")
    for panel in panels(document):
        config = panel["fieldConfig"]
        yield from (link["url"] for link in config["defaults"].get("links", []))
        for override in config["overrides"]:
            for one in override["properties"]:
                if one["id"] == "links":
                    yield from (link["url"] for link in one["value"])
