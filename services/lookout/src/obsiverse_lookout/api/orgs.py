"""Organisations: https://grafana.com/docs/grafana/latest/developers/http_api/org/"""

from __future__ import annotations

from typing import Any

from obsiverse_lookout.database import Row
from obsiverse_lookout.http import Call, route

ADDRESS = {"address1": "", "address2": "", "city": "", "zipCode": "", "state": "", "country": ""}


def _shown(org: Row) -> dict[str, Any]:
    return {"id": org["id"], "name": org["name"], "address": ADDRESS}


def orgs(call: Call) -> Any:
    """All, or those of a name, by pages; here the first page is 0, in the rest of the API 1."""
    name, size, page = call.query.get("name"), call.asked_number("perpage", 1000), call.asked_number("page", 0)
    found = [org for org in call.lookout.orgs.list(call.query.get("query", "")) if name in (None, "", org["name"])]
    return [{"id": org["id"], "name": org["name"]} for org in found[page * size : (page + 1) * size]]


def create(call: Call) -> Any:
    """A new one."""
    made = call.lookout.orgs.create(str(call.body.get("name") or ""))
    return {"message": "Organization created", "orgId": made}


def get(call: Call) -> Any:
    """One by its number."""
    return _shown(call.lookout.orgs.get(call.number("id")))


def by_name(call: Call) -> Any:
    """One by its name."""
    return _shown(call.lookout.orgs.named(call.path("name")))


def rename(call: Call) -> Any:
    """Another name for one."""
    call.lookout.orgs.rename(call.number("id"), str(call.body.get("name") or ""))
    return {"message": "Organization updated"}


def delete(call: Call) -> Any:
    """Delete one with all that is in it."""
    call.lookout.orgs.delete(call.number("id"))
    return {"message": "Organization deleted"}


def users(call: Call) -> Any:
    """Who is in one: admin is in all."""
    org = call.lookout.orgs.get(call.number("id") if "id" in call.request.path_params else call.org_id)
    return [
        {
            "orgId": org["id"],
            "userId": 1,
            "email": "admin@localhost",
            "name": "admin",
            "login": "admin",
            "role": "Admin",
        }
    ]


def current(call: Call) -> Any:
    """The one that the caller acts in."""
    return _shown(call.lookout.orgs.get(call.org_id))


def rename_current(call: Call) -> Any:
    """Another name for it."""
    call.lookout.orgs.rename(call.org_id, str(call.body.get("name") or ""))
    return {"message": "Organization updated"}


ROUTES = [
    route("GET", "/api/orgs", orgs, "GrafanaAdmin"),
    route("POST", "/api/orgs", create, "GrafanaAdmin"),
    route("GET", "/api/orgs/name/{name}", by_name, "GrafanaAdmin"),
    route("GET", "/api/orgs/{id}", get, "GrafanaAdmin"),
    route("PUT", "/api/orgs/{id}", rename, "GrafanaAdmin"),
    route("DELETE", "/api/orgs/{id}", delete, "GrafanaAdmin"),
    route("GET", "/api/orgs/{id}/users", users, "GrafanaAdmin"),
    route("GET", "/api/org", current),
    route("PUT", "/api/org", rename_current, "Admin"),
    route("GET", "/api/org/users", users, "Admin"),
]
