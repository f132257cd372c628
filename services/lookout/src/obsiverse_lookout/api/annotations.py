"""Annotations: https://grafana.com/docs/grafana/latest/developers/http_api/annotations/"""

from __future__ import annotations

from typing import Any, cast

from obsiverse_lookout.annotations import Wanted
from obsiverse_lookout.database import Row
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.http import Call, route

MOST = 10_000


def _shown(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "alertId": 0,
        "alertName": "",
        "dashboardId": 0,
        "dashboardUID": row["dashboard_uid"],
        "panelId": row["panel_id"] or 0,
        "userId": 0,
        "login": row["login"],
        "newState": "",
        "prevState": "",
        "created": row["created"],
        "updated": row["updated"],
        "time": row["time"],
        "timeEnd": row["time_end"],
        "text": row["text"],
        "tags": row["tags"],
        "data": row["data"],
    }


def find(call: Call) -> Any:
    """Those of a time, by dashboard, panel and tags."""
    # Lookout's alert rules make none.
    if call.query.get("type") == "alert" or call.query.get("alertId"):
        return []
    uid, number = call.query.get("dashboardUID") or None, call.asked_number("dashboardId", 0)
    if uid is None and number:
        uid = call.lookout.dashboards.by_id(call.org_id, number)["uid"]
    wanted = Wanted(
        call.asked_number("from", 0) or None,
        call.asked_number("to", 0) or None,
        uid,
        call.asked_number("panelId", 0) or None,
        tuple(call.all("tags")),
        call.query.get("matchAny") == "true",
        min(MOST, call.asked_number("limit", 100) or 100),
    )
    return [_shown(row) for row in call.lookout.annotations.find(call.org_id, wanted)]


def create(call: Call) -> Any:
    """A new one."""
    wanted = call.body
    if wanted.get("dashboardUID"):
        call.lookout.dashboards.get(call.org_id, str(wanted["dashboardUID"]))
    elif wanted.get("dashboardId"):
        wanted["dashboardUID"] = call.lookout.dashboards.by_id(call.org_id, int(wanted["dashboardId"]))["uid"]
    made = call.lookout.annotations.create(call.org_id, wanted, call.identity.login)
    return {"message": "Annotation added", "id": made}


def create_graphite(call: Call) -> Any:
    """A new one in Graphite's words: what, when (seconds), tags, data."""
    wanted, tags = call.body, cast("object", call.body.get("tags") or [])
    if not wanted.get("what"):
        raise ApiError(400, "Failed to save Graphite annotation: what field should not be empty")
    text = f"{wanted['what']}\n{wanted['data']}" if wanted.get("data") else str(wanted["what"])
    made: dict[str, Any] = {"text": text, "tags": tags.split() if isinstance(tags, str) else tags}
    if wanted.get("when"):
        if not isinstance(wanted["when"], int):
            raise ApiError(400, "Failed to save Graphite annotation: when is seconds since the epoch")
        made["time"] = wanted["when"] * 1000
    created = call.lookout.annotations.create(call.org_id, made, call.identity.login)
    return {"message": "Graphite annotation added", "id": created}


def get(call: Call) -> Any:
    """One."""
    return _shown(call.lookout.annotations.get(call.org_id, call.number("id")))


def update(call: Call) -> Any:
    """Change what is given."""
    call.lookout.annotations.update(call.org_id, call.number("id"), call.body)
    return {"message": "Annotation updated" if call.request.method == "PUT" else "Annotation patched"}


def delete(call: Call) -> Any:
    """Delete one."""
    call.lookout.annotations.delete(call.org_id, call.number("id"))
    return {"message": "Annotation deleted"}


def tags(call: Call) -> Any:
    """Tags that contain a text, and how often each is used."""
    limit = call.asked_number("limit", 100)
    return {"result": {"tags": call.lookout.annotations.tags(call.org_id, call.query.get("tag", ""), limit)}}


PATH = "/api/annotations"
ROUTES = [
    route("GET", PATH, find),
    route("POST", PATH, create, "Editor"),
    route("POST", f"{PATH}/graphite", create_graphite, "Editor"),
    route("GET", f"{PATH}/tags", tags),
    route("GET", f"{PATH}/{{id}}", get),
    route("PUT", f"{PATH}/{{id}}", update, "Editor"),
    route("PATCH", f"{PATH}/{{id}}", update, "Editor"),
    route("DELETE", f"{PATH}/{{id}}", delete, "Editor"),
]
