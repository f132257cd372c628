"""Dashboards and their versions: https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/"""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from obsiverse_lookout.access import RANKS
from obsiverse_lookout.api.folders import folder_url
from obsiverse_lookout.database import Row
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.http import Call, route
from obsiverse_lookout.names import slugify


def dashboard_url(dashboard: Row) -> str:
    """Where a page shows a dashboard."""
    return f"/d/{dashboard['uid']}/{slugify(dashboard['title'])}"


def _meta(call: Call, dashboard: Row) -> dict[str, Any]:
    folder = call.lookout.folders.find(call.org_id, dashboard["folder_uid"]) if dashboard["folder_uid"] else None
    edits = RANKS[call.identity.role] >= RANKS["Editor"]
    return {
        "type": "db",
        "canSave": edits,
        "canEdit": edits,
        "canAdmin": RANKS[call.identity.role] >= RANKS["Admin"],
        "canStar": False,
        "canDelete": edits,
        "slug": slugify(dashboard["title"]),
        "url": dashboard_url(dashboard),
        "expires": "0001-01-01T00:00:00Z",
        "created": dashboard["created"],
        "updated": dashboard["updated"],
        "createdBy": dashboard["created_by"],
        "updatedBy": dashboard["updated_by"],
        "version": dashboard["version"],
        "hasAcl": False,
        "isFolder": False,
        "apiVersion": "v1beta1",
        "folderId": folder["id"] if folder else 0,
        "folderUid": folder["uid"] if folder else "",
        "folderTitle": folder["title"] if folder else "Dashboards",
        "folderUrl": folder_url(folder) if folder else "",
        "provisioned": dashboard["provider"] is not None,
        "provisionedExternalId": dashboard["file"] or "",
        "publicDashboardEnabled": False,
    }


def _shown(call: Call, dashboard: Row) -> dict[str, Any]:
    numbers = {"id": dashboard["id"], "uid": dashboard["uid"], "version": dashboard["version"]}
    return {"meta": _meta(call, dashboard), "dashboard": dashboard["model"] | numbers}


def save(call: Call) -> Any:
    """Create or change one."""
    saved = call.lookout.dashboards.save(call.org_id, call.body, call.identity.login)
    return _saved(saved)


def _saved(saved: Row) -> dict[str, Any]:
    return {
        "id": saved["id"],
        "uid": saved["uid"],
        "url": dashboard_url(saved),
        "status": "success",
        "version": saved["version"],
        "slug": slugify(saved["title"]),
        "folderUid": saved["folder_uid"],
    }


def get(call: Call) -> Any:
    """One."""
    return _shown(call, call.lookout.dashboards.get(call.org_id, call.path("uid")))


def delete(call: Call) -> Any:
    """Delete one."""
    gone = call.lookout.dashboards.delete(call.org_id, call.path("uid"))
    return {
        "id": gone["id"],
        "uid": gone["uid"],
        "title": gone["title"],
        "message": f"Dashboard {gone['title']} deleted",
    }


def home(call: Call) -> Any:
    """Where a page begins: the first dashboard by title, else an empty one."""
    found = call.lookout.dashboards.list(call.org_id)
    if found:
        return {"redirectUri": dashboard_url(found[0])}
    empty: dict[str, Any] = {"title": "Home", "panels": [], "schemaVersion": 41, "editable": False}
    return {"meta": {"isHome": True, "canSave": False, "canEdit": False, "slug": "home"}, "dashboard": empty}


def tags(call: Call) -> Any:
    """Each tag with the number of its dashboards."""
    return call.lookout.dashboards.tags(call.org_id)


def permissions(call: Call) -> Any:
    """Who may do what with one: by role, the same everywhere."""
    dashboard = _named(call)
    return [
        {
            "dashboardUid": dashboard["uid"],
            "role": role,
            "permission": number,
            "permissionName": name,
            "inherited": True,
        }
        for role, number, name in (("Viewer", 1, "View"), ("Editor", 2, "Edit"))
    ]


def set_permissions(call: Call) -> Any:
    """Refused: it would change nothing."""
    _named(call)
    raise ApiError(501, "Lookout has no permissions of single dashboards: roles decide. Set them in Grafana")


def _named(call: Call) -> Row:
    if "uid" in call.request.path_params:
        return call.lookout.dashboards.get(call.org_id, call.path("uid"))
    return call.lookout.dashboards.by_id(call.org_id, call.number("id"))


def _version(dashboard: Row, version: Row) -> dict[str, Any]:
    return {
        "id": version["id"],
        "dashboardId": dashboard["id"],
        "dashboardUID": dashboard["uid"],
        "uid": dashboard["uid"],
        "parentVersion": version["parent_version"],
        "restoredFrom": version["restored_from"],
        "version": version["version"],
        "created": version["created"],
        "createdBy": version["created_by"],
        "message": version["message"],
    }


def versions(call: Call) -> Any:
    """One's versions, the newest first."""
    dashboard = _named(call)
    limit, start = call.asked_number("limit", 1000), call.asked_number("start", 0)
    found = call.lookout.dashboards.versions(dashboard, limit, start)
    token = str(found[-1]["version"]) if len(found) == limit and found[-1]["version"] > 1 else ""
    return {"continueToken": token, "versions": [_version(dashboard, one) for one in found]}


def version(call: Call) -> Any:
    """One version with its model, as `data`."""
    dashboard = _named(call)
    found = call.lookout.dashboards.version(dashboard, call.number("version"))
    numbers = {"id": dashboard["id"], "uid": dashboard["uid"], "version": found["version"]}
    return _version(dashboard, found) | {"data": found["model"] | numbers}


def restore(call: Call) -> Any:
    """An old version as the newest."""
    dashboard, wanted = _named(call), call.body.get("version")
    if not isinstance(wanted, int):
        raise ApiError(400, "bad request data: version is missing")
    old = call.lookout.dashboards.version(dashboard, wanted)
    if wanted == dashboard["version"]:
        raise ApiError(400, "Cannot restore the current version")
    model = old["model"] | {"uid": dashboard["uid"], "version": dashboard["version"]}
    message = f"Restored from version {wanted}"
    body = {"dashboard": model, "folderUid": dashboard["folder_uid"], "message": message, "restoredFrom": wanted}
    return _saved(call.lookout.dashboards.save(call.org_id, body, call.identity.login))


def _of_one(path: str) -> list[Route]:
    return [
        route("GET", f"{path}/versions", versions),
        route("GET", f"{path}/versions/{{version}}", version),
        route("POST", f"{path}/restore", restore, "Editor"),
        route("GET", f"{path}/permissions", permissions, "Admin"),
        route("POST", f"{path}/permissions", set_permissions, "Admin"),
    ]


PATH = "/api/dashboards"
ROUTES = [
    route("POST", f"{PATH}/db", save, "Editor"),
    route("GET", f"{PATH}/home", home),
    route("GET", f"{PATH}/tags", tags),
    route("GET", f"{PATH}/uid/{{uid}}", get),
    route("DELETE", f"{PATH}/uid/{{uid}}", delete, "Editor"),
    *_of_one(f"{PATH}/uid/{{uid}}"),
    *_of_one(f"{PATH}/id/{{id}}"),
]
