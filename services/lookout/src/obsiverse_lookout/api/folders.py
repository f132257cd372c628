"""Folders: https://grafana.com/docs/grafana/latest/developers/http_api/folder/"""

from __future__ import annotations

from typing import Any

from obsiverse_lookout.access import RANKS
from obsiverse_lookout.database import Row
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.folders import GENERAL
from obsiverse_lookout.http import Call, route
from obsiverse_lookout.names import slugify


def folder_url(folder: Row) -> str:
    """Where a page shows a folder."""
    return f"/dashboards/f/{folder['uid']}/{slugify(folder['title'])}"


def _shown(call: Call, folder: Row) -> dict[str, Any]:
    edits = RANKS[call.identity.role] >= RANKS["Editor"]
    made = {
        "id": folder["id"],
        "uid": folder["uid"],
        "orgId": folder["org_id"],
        "title": folder["title"],
        "url": folder_url(folder),
        "hasAcl": False,
        "canSave": edits,
        "canEdit": edits,
        "canAdmin": RANKS[call.identity.role] >= RANKS["Admin"],
        "canDelete": edits,
        "createdBy": folder["created_by"],
        "created": folder["created"],
        "updatedBy": folder["updated_by"],
        "updated": folder["updated"],
        "version": folder["version"],
    }
    return made | ({"parentUid": folder["parent_uid"]} if folder["parent_uid"] else {})


def folders(call: Call) -> Any:
    """Those at the root, or in a parent, by pages."""
    size, page = call.asked_number("limit", 1000), max(1, call.asked_number("page", 1))
    parent = call.query.get("parentUid") or None
    if parent is not None:
        call.lookout.folders.get(call.org_id, parent)
    found = call.lookout.folders.list(call.org_id, parent)[(page - 1) * size : page * size]
    return [
        {"id": folder["id"], "uid": folder["uid"], "title": folder["title"]} | ({"parentUid": parent} if parent else {})
        for folder in found
    ]


def create(call: Call) -> Any:
    """A new one."""
    return _shown(call, call.lookout.folders.create(call.org_id, call.body, call.identity.login))


def get(call: Call) -> Any:
    """One; `general` is the root."""
    uid = call.path("uid")
    if uid == GENERAL:
        return {"id": 0, "uid": GENERAL, "title": "Dashboards", "url": "/dashboards", "canSave": False, "version": 0}
    return _shown(call, call.lookout.folders.get(call.org_id, uid))


def by_id(call: Call) -> Any:
    """One by its number."""
    return _shown(call, call.lookout.folders.by_id(call.org_id, call.number("id")))


def update(call: Call) -> Any:
    """Another title."""
    return _shown(call, call.lookout.folders.update(call.org_id, call.path("uid"), call.body, call.identity.login))


def move(call: Call) -> Any:
    """Into another folder."""
    parent = call.body.get("parentUid") or None
    return _shown(call, call.lookout.folders.move(call.org_id, call.path("uid"), parent, call.identity.login))


def delete(call: Call) -> Any:
    """Delete one with its dashboards and, where asked for, its alert rules."""
    with_rules = call.query.get("forceDeleteRules") == "true"
    gone = call.lookout.folders.delete(call.org_id, call.path("uid"), with_rules=with_rules)
    return {"id": gone["id"], "message": f"Folder {gone['title']} deleted", "title": gone["title"]}


def counts(call: Call) -> Any:
    """What is in one."""
    uid = call.lookout.folders.get(call.org_id, call.path("uid"))["uid"]
    dashboards = [one for one in call.lookout.dashboards.list(call.org_id) if one["folder_uid"] == uid]
    rules = [rule for rule in call.lookout.rules.list(call.org_id) if rule.folder_uid == uid]
    below = call.lookout.folders.list(call.org_id, uid)
    return {"folder": len(below), "dashboard": len(dashboards), "alertrule": len(rules), "librarypanel": 0}


def permissions(call: Call) -> Any:
    """Who may do what in one: by role, the same everywhere."""
    folder = call.lookout.folders.get(call.org_id, call.path("uid"))
    return [
        {"folderUid": folder["uid"], "role": role, "permission": number, "permissionName": name, "inherited": True}
        for role, number, name in (("Viewer", 1, "View"), ("Editor", 2, "Edit"))
    ]


def set_permissions(_call: Call) -> Any:
    """Refused: it would change nothing."""
    raise ApiError(501, "Lookout has no permissions of single folders: roles decide. Set them in Grafana")


PATH = "/api/folders"
ROUTES = [
    route("GET", PATH, folders),
    route("POST", PATH, create, "Editor"),
    route("GET", f"{PATH}/id/{{id}}", by_id),
    route("GET", f"{PATH}/{{uid}}", get),
    route("PUT", f"{PATH}/{{uid}}", update, "Editor"),
    route("DELETE", f"{PATH}/{{uid}}", delete, "Editor"),
    route("POST", f"{PATH}/{{uid}}/move", move, "Editor"),
    route("GET", f"{PATH}/{{uid}}/counts", counts),
    route("GET", f"{PATH}/{{uid}}/permissions", permissions, "Admin"),
    route("POST", f"{PATH}/{{uid}}/permissions", set_permissions, "Admin"),
]
