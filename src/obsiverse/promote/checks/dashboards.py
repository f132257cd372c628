"""Every query of every dashboard, through the workspace's own Grafana."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from obsiverse.promote.check import Check, Result, attributes, failed, passed, skipped
from obsiverse.promote.errors import GrafanaRefused
from obsiverse.promote.grafana import Grafana
from obsiverse.promote.kinds import grafana_dashboard, grafana_workspace
from obsiverse.promote.plan import Plan
from obsiverse.promote.session import Session

RANGE = {"from": "now-1h", "to": "now"}
ANYTHING = {"cloudwatch": "*"}
"""What stands for any value of a variable; elsewhere a regular expression that matches all."""
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)")
QUOTES = {"doublequote": '"', "singlequote": "'"}
"""Formats of variables that put something around them."""


class Dashboards(Check):
    """Queries are answered without an error; that they find something takes traffic."""

    name = "dashboards"

    def run(self, session: Session, plan: Plan) -> Iterator[Result]:
        workspace = attributes(plan, grafana_workspace.NAME)
        if workspace is None:
            yield skipped("dashboards", "there is no Grafana workspace in the target")
            return
        grafana = session.place.grafana(workspace["id"])
        endpoints = [one["EndpointName"] for one in session.source.endpoints]
        for step in plan.steps.values():
            if step.resource.kind == grafana_dashboard.NAME and step.found is not None:
                yield _checked(grafana, step.found.properties["model"], endpoints)


def _checked(grafana: Grafana, dashboard: dict[str, Any], endpoints: list[str]) -> Result:
    queries = list(_queries(dashboard, endpoints))
    errors: list[str] = []
    rows = 0
    for title, query in queries:
        try:
            answer = grafana.post("/ds/query", {**RANGE, "queries": [query]})
        except GrafanaRefused as refused:
            errors.append(f"{title}: {refused.message}")
            continue
        for result in cast(dict[str, dict[str, Any]], answer["results"]).values():
            if result.get("error"):
                errors.append(f"{title}: {result['error']}")
            rows += sum(_rows(frame) for frame in cast(list[dict[str, Any]], result.get("frames") or []))
    subject = f"dashboard {dashboard['uid']}"
    if errors:
        return failed(subject, f"{len(errors)} of {len(queries)} queries fail: {'; '.join(errors[:3])}")
    return passed(subject, f"{len(queries)} queries answered, {rows} rows")


def _queries(dashboard: dict[str, Any], endpoints: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    values = {one["name"]: _value(one, endpoints) for one in dashboard.get("templating", {}).get("list", [])}
    for placed in dashboard["panels"]:
        for panel in placed.get("panels") or [placed]:
            for target in panel.get("targets", []):
                kind = target["datasource"]["type"]
                # Those that only combine others are Grafana's own, in the browser.
                if not target.get("hide") and not kind.startswith("__") and not _waits(target, values):
                    name = re.sub(r"\W", "", str(target["datasource"]["uid"]))
                    filled = _filled(target, values, ANYTHING.get(kind, ".*"))
                    filled |= {"datasource": {"type": kind, "uid": name}, "intervalMs": 15000, "maxDataPoints": 500}
                    yield panel.get("title", ""), filled


def _rows(frame: dict[str, Any]) -> int:
    columns: list[list[Any]] = frame["data"]["values"]
    return len(columns[0]) if columns else 0


def _waits(target: dict[str, Any], values: dict[str, str | None]) -> bool:
    """Whether a query is for what somebody has yet to type."""
    used = {found[0] or found[2] for found in _VARIABLE.findall(str(target))}
    return any(values.get(name) == "" for name in used)


def _value(variable: dict[str, Any], endpoints: list[str]) -> str | None:
    """What a variable has when nobody chose: None stands for anything, "" for what has to be typed."""
    if variable["name"] in ("endpoint", "running") and endpoints:
        return endpoints[0]
    if variable["name"] == "log_group" and endpoints:
        return f"/aws/sagemaker/Endpoints/{endpoints[0]}"
    if variable["type"] == "interval":
        return "5m"
    if variable["type"] in ("constant", "textbox", "custom"):
        chosen: Any = variable.get("current", {}).get("value") or variable.get("query", "")
        first = cast(list[Any], chosen)[0] if isinstance(chosen, list) else chosen
        return str(first).partition(",")[0]
    return None


def _filled(value: Any, values: dict[str, str | None], anything: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, values, anything) for key, one in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_filled(one, values, anything) for one in cast(list[Any], value)]
    if not isinstance(value, str):
        return value

    def put(found: re.Match[str]) -> str:
        name, quote = found[1] or found[3], QUOTES.get(found[2], "")
        if name not in values:
            # Grafana's own ($__rate_interval, $__range) are for its server.
            return found[0]
        return f"{quote}{values[name] or anything}{quote}"

    return _VARIABLE.sub(put, value)
