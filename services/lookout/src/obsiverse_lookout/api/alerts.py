"""The states of alert rules, in the words of Prometheus and Alertmanager, and a data source's own rules.

The paths are those that Grafana's alert list panel asks.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from obsiverse_lookout.alerting.rule import Rule
from obsiverse_lookout.alerting.state import Alert
from obsiverse_lookout.api.alert_rules import DEFAULT_RECEIVER
from obsiverse_lookout.data_sources import DataSource
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.http import Call, route
from obsiverse_lookout.query.resources import prometheus_answer
from obsiverse_lookout.query.sources import PROMETHEUS_TYPES

NEVER = "0001-01-01T00:00:00Z"
TOTALS = {"Alerting": "alerting", "Pending": "pending", "Normal": "normal", "NoData": "nodata", "Error": "error"}


def _time(seconds: float | None) -> str:
    if seconds is None:
        return NEVER
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "state": alert.state,
        "activeAt": NEVER if alert.state == "Normal" else _time(alert.since),
        "value": "" if alert.value is None else f"{alert.value:g}",
    }


def _rule(call: Call, rule: Rule) -> dict[str, Any]:
    state = call.lookout.scheduler.state(rule)
    totals = Counter(TOTALS.get(alert.state, alert.state.lower()) for alert in state.alerts.values())
    return {
        "uid": rule.uid,
        "folderUid": rule.folder_uid,
        "name": rule.title,
        "type": "alerting",
        "query": json.dumps(rule.model["data"]),
        "duration": rule.pending_seconds,
        "keepFiringFor": rule.keeps_firing_seconds,
        "labels": rule.labels,
        "annotations": rule.annotations,
        "state": state.state,
        "health": state.health,
        "lastError": state.error,
        "lastEvaluation": _time(state.evaluated),
        "evaluationTime": state.took,
        "isPaused": rule.model["isPaused"],
        "alerts": [_alert(alert) for alert in state.alerts.values()],
        "totals": totals,
        "totalsFiltered": totals,
    }


def rules(call: Call) -> Any:
    """Lookout's own rules by group, with their alerts."""
    folders = {folder["uid"]: folder["title"] for folder in call.lookout.folders.every(call.org_id)}
    dashboard, panel = call.query.get("dashboard_uid"), call.query.get("panel_id")
    groups: dict[tuple[str, str], list[Rule]] = {}
    for rule in call.lookout.rules.list(call.org_id):
        if dashboard and rule.annotations.get("__dashboardUid__") != dashboard:
            continue
        if panel and rule.annotations.get("__panelId__") != panel:
            continue
        groups.setdefault((rule.folder_uid, rule.group), []).append(rule)
    shown = [_rule_group(call, folders.get(folder, ""), members) for (folder, _), members in groups.items()]
    totals = Counter[str]()
    for group in shown:
        totals.update(group["totals"])
    return {"status": "success", "data": {"groups": shown, "totals": totals}}


def _rule_group(call: Call, folder: str, members: Sequence[Rule]) -> dict[str, Any]:
    shown = [_rule(call, rule) for rule in members]
    return {
        "name": members[0].group,
        "file": folder,
        "folderUid": members[0].folder_uid,
        "interval": members[0].interval,
        "rules": shown,
        "lastEvaluation": max(rule["lastEvaluation"] for rule in shown),
        "evaluationTime": sum(rule["evaluationTime"] for rule in shown),
        "totals": Counter(rule["state"] for rule in shown),
    }


def alerts(call: Call) -> Any:
    """What fires, as Alertmanager tells it."""
    made: list[dict[str, Any]] = []
    for rule in call.lookout.rules.list(call.org_id):
        state = call.lookout.scheduler.state(rule)
        for alert in state.alerts.values():
            if not alert.firing:
                continue
            labels = alert.labels | {"__alert_rule_uid__": rule.uid}
            at = state.evaluated or alert.since
            made.append(
                {
                    "annotations": alert.annotations,
                    "startsAt": _time(alert.since),
                    "endsAt": _time(at + 4 * rule.interval),
                    "updatedAt": _time(at),
                    "fingerprint": hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16],
                    "generatorURL": f"/alerting/grafana/{rule.uid}/view",
                    "labels": labels,
                    "receivers": [{"name": DEFAULT_RECEIVER}],
                    "status": {"state": "active", "inhibitedBy": [], "silencedBy": []},
                }
            )
    return made


async def source_rules(call: Call) -> Any:
    """The rules that a data source itself evaluates."""
    return await _passed_on(call, "api/v1/rules")


async def source_alerts(call: Call) -> Any:
    """The alerts that a data source itself has."""
    return await _passed_on(call, "api/v1/alerts")


async def _passed_on(call: Call, path: str) -> Response:
    source: DataSource = call.lookout.data_sources.get(call.org_id, uid=call.path("uid"))
    if source.type not in PROMETHEUS_TYPES:
        raise ApiError(404, f"data sources of type {source.type} have no alert rules")
    status, body, kind = await prometheus_answer(call.lookout.sources, source, "GET", path, "", b"", "")
    return Response(body, 502 if status in (401, 403) else status, media_type=kind or None)


ROUTES = [
    route("GET", "/api/prometheus/grafana/api/v1/rules", rules),
    route("GET", "/api/alertmanager/grafana/api/v2/alerts", alerts),
    route("GET", "/api/prometheus/{uid}/api/v1/rules", source_rules),
    route("GET", "/api/prometheus/{uid}/api/v1/alerts", source_alerts),
]
