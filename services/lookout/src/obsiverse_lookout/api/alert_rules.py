"""Alert rules, contact points and policies: https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/"""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from obsiverse_lookout.documents import Kind
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.http import Call, route
from obsiverse_lookout.jsons import mapping
from obsiverse_lookout.names import checked_uid

CONTACT_POINT: Kind = "contact-point"
POLICIES: Kind = "policies"
DEFAULT_RECEIVER = "grafana-default-email"
DEFAULT_POLICIES: dict[str, Any] = {"receiver": DEFAULT_RECEIVER, "group_by": ["grafana_folder", "alertname"]}


def _provenance(call: Call) -> str:
    return "" if "x-disable-provenance" in call.request.headers else "api"


def rules(call: Call) -> Any:
    """All rules."""
    return [rule.to_json() for rule in call.lookout.rules.list(call.org_id)]


def create(call: Call) -> Any:
    """A new rule."""
    return JSONResponse(call.lookout.rules.create(call.org_id, call.body, _provenance(call)).to_json(), 201)


def get(call: Call) -> Any:
    """One rule."""
    return call.lookout.rules.get(call.org_id, call.path("uid")).to_json()


def update(call: Call) -> Any:
    """Replace a rule."""
    return call.lookout.rules.update(call.org_id, call.path("uid"), call.body, _provenance(call)).to_json()


def delete(call: Call) -> Any:
    """Delete a rule."""
    call.lookout.rules.delete(call.org_id, call.path("uid"), _provenance(call))
    return Response(status_code=204)


def _group(call: Call) -> dict[str, Any]:
    folder, name = call.path("folder"), call.path("group")
    found = call.lookout.rules.group(call.org_id, folder, name)
    if not found:
        raise ApiError(404, "rule group not found")
    shown = [rule.to_json() for rule in found]
    return {"title": name, "folderUid": folder, "interval": found[0].interval, "rules": shown}


def group(call: Call) -> Any:
    """A group with its rules."""
    return _group(call)


def put_group(call: Call) -> Any:
    """Make a group what is given."""
    folder, name = call.path("folder"), call.path("group")
    call.lookout.rules.put_group(call.org_id, folder, name, call.body, _provenance(call))
    return _group(call)


def delete_group(call: Call) -> Any:
    """Delete a group with its rules."""
    call.lookout.rules.delete_group(call.org_id, call.path("folder"), call.path("group"), _provenance(call))
    return Response(status_code=204)


def contact_points(call: Call) -> Any:
    """All contact points, or those of a name."""
    name = call.query.get("name")
    found = call.lookout.documents.list(call.org_id, CONTACT_POINT)
    return [point for point in found if name in (None, "", point["name"])]


def create_contact_point(call: Call) -> Any:
    """A new contact point; nothing is ever sent to it from here."""
    made = _contact_point(call, checked_uid(call.body.get("uid")))
    return JSONResponse(made, 202)


def update_contact_point(call: Call) -> Any:
    """Replace a contact point."""
    uid = call.path("uid")
    if call.lookout.documents.find(call.org_id, CONTACT_POINT, uid) is None:
        raise ApiError(404, f"contact point with uid {uid!r} not found")
    _contact_point(call, uid)
    return JSONResponse({"message": "contactpoint updated"}, 202)


def _contact_point(call: Call, uid: str) -> dict[str, Any]:
    body = call.body
    if (
        not isinstance(body.get("name"), str)
        or not body["name"]
        or not isinstance(body.get("type"), str)
        or not body["type"]
    ):
        raise ApiError(400, "invalid contact point: it needs a name and a type")
    made: dict[str, Any] = {
        "uid": uid,
        "name": body["name"],
        "type": body["type"],
        "settings": mapping(body.get("settings")),
        "disableResolveMessage": bool(body.get("disableResolveMessage")),
        "provenance": _provenance(call),
    }
    call.lookout.documents.put(call.org_id, CONTACT_POINT, uid, made)
    return made


def delete_contact_point(call: Call) -> Any:
    """Delete a contact point."""
    call.lookout.documents.delete(call.org_id, CONTACT_POINT, call.path("uid"))
    return JSONResponse({"message": "contactpoint deleted"}, 202)


def policies(call: Call) -> Any:
    """The tree of notification policies."""
    return call.lookout.documents.find(call.org_id, POLICIES, POLICIES) or DEFAULT_POLICIES


def put_policies(call: Call) -> Any:
    """Replace the tree of notification policies."""
    receiver = call.body.get("receiver")
    known = [DEFAULT_RECEIVER, *(point["name"] for point in call.lookout.documents.list(call.org_id, CONTACT_POINT))]
    if receiver not in known:
        raise ApiError(400, f"invalid policies: receiver {receiver!r} is no contact point")
    call.lookout.documents.put(call.org_id, POLICIES, POLICIES, call.body)
    return JSONResponse({"message": "policies updated"}, 202)


def reset_policies(call: Call) -> Any:
    """Back to the tree that was there at first."""
    if call.lookout.documents.find(call.org_id, POLICIES, POLICIES):
        call.lookout.documents.delete(call.org_id, POLICIES, POLICIES)
    return JSONResponse(DEFAULT_POLICIES, 202)


PATH = "/api/v1/provisioning"
GROUP = f"{PATH}/folder/{{folder}}/rule-groups/{{group}}"
ROUTES = [
    route("GET", f"{PATH}/alert-rules", rules, "Editor"),
    route("POST", f"{PATH}/alert-rules", create, "Editor"),
    route("GET", f"{PATH}/alert-rules/{{uid}}", get, "Editor"),
    route("PUT", f"{PATH}/alert-rules/{{uid}}", update, "Editor"),
    route("DELETE", f"{PATH}/alert-rules/{{uid}}", delete, "Editor"),
    route("GET", GROUP, group, "Editor"),
    route("PUT", GROUP, put_group, "Editor"),
    route("DELETE", GROUP, delete_group, "Editor"),
    route("GET", f"{PATH}/contact-points", contact_points, "Editor"),
    route("POST", f"{PATH}/contact-points", create_contact_point, "Admin"),
    route("PUT", f"{PATH}/contact-points/{{uid}}", update_contact_point, "Admin"),
    route("DELETE", f"{PATH}/contact-points/{{uid}}", delete_contact_point, "Admin"),
    route("GET", f"{PATH}/policies", policies, "Editor"),
    route("PUT", f"{PATH}/policies", put_policies, "Admin"),
    route("DELETE", f"{PATH}/policies", reset_policies, "Admin"),
]
