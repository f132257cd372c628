"""Search for dashboards and folders: https://grafana.com/docs/grafana/latest/developers/http_api/folder_dashboard_search/"""

from __future__ import annotations

import json
from typing import Any

from obsiverse_lookout.api.dashboards import dashboard_url
from obsiverse_lookout.api.folders import folder_url
from obsiverse_lookout.database import Row
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.folders import GENERAL
from obsiverse_lookout.http import Call, route
from obsiverse_lookout.names import slugify

DASHBOARD, FOLDER = "dash-db", "dash-folder"
SORTS = ("alpha-asc", "alpha-desc")


def search(call: Call) -> Any:
    """What matches, folders first, then by title."""
    kind, text, tags = call.query.get("type", ""), call.query.get("query", "").lower(), set(call.all("tag"))
    if kind not in ("", DASHBOARD, FOLDER):
        raise ApiError(400, f"type is {kind!r}; it can be {DASHBOARD} or {FOLDER}")
    sort = call.query.get("sort") or "alpha-asc"
    if sort not in SORTS:
        raise ApiError(400, f"sort is {sort!r}; it can be {', '.join(SORTS)}")
    folders = {folder["uid"]: folder for folder in call.lookout.folders.every(call.org_id)}
    found = (
        []
        if kind == DASHBOARD or tags or _only_dashboards(call)
        else [_folder(each, folders) for each in folders.values()]
    )
    if kind != FOLDER:
        found += [_dashboard(each, folders) for each in call.lookout.dashboards.list(call.org_id)]
    inside = {"" if uid == GENERAL else uid for uid in call.all("folderUIDs") + call.all("folderUids")}
    uids, ids = set(call.all("dashboardUIDs") + call.all("dashboardUids")), set(call.all("dashboardIds"))
    numbers = {folder["uid"]: str(folder["id"]) for folder in folders.values()} | {"": "0"}
    folder_ids = set(call.all("folderIds"))
    matching = [
        each
        for each in found
        if text in each["title"].lower()
        and tags <= set(each["tags"])
        and (not inside or each.get("folderUid", "") in inside)
        and (not folder_ids or numbers.get(each.get("folderUid", "")) in folder_ids)
        and (not uids or each["uid"] in uids)
        and (not ids or str(each["id"]) in ids)
        and call.query.get("starred") != "true"
    ]
    matching.sort(key=lambda each: each["title"].lower(), reverse=sort == "alpha-desc")
    matching.sort(key=lambda each: each["type"] != FOLDER)
    size, page = call.asked_number("limit", 1000), max(1, call.asked_number("page", 1))
    return matching[(page - 1) * size : page * size]


def _only_dashboards(call: Call) -> bool:
    return any(call.query.get(name) for name in ("dashboardUIDs", "dashboardUids", "dashboardIds"))


def _hit(row: Row, kind: str, url: str, tags: list[str], folder: Row | None) -> dict[str, Any]:
    made = {
        "id": row["id"],
        "uid": row["uid"],
        "orgId": row["org_id"],
        "title": row["title"],
        "uri": f"db/{slugify(row['title'])}",
        "url": url,
        "slug": "",
        "type": kind,
        "tags": tags,
        "isStarred": False,
        "sortMeta": 0,
        "isDeleted": False,
    }
    if folder is None:
        return made
    return made | {
        "folderId": folder["id"],
        "folderUid": folder["uid"],
        "folderTitle": folder["title"],
        "folderUrl": folder_url(folder),
    }


def _folder(row: Row, folders: dict[str, Row]) -> dict[str, Any]:
    return _hit(row, FOLDER, folder_url(row), [], folders.get(row["parent_uid"] or ""))


def _dashboard(row: Row, folders: dict[str, Row]) -> dict[str, Any]:
    return _hit(row, DASHBOARD, dashboard_url(row), json.loads(row["tags"]), folders.get(row["folder_uid"]))


ROUTES = [route("GET", "/api/search", search)]
