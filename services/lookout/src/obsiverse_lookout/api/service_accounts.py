"""Service accounts: https://grafana.com/docs/grafana/latest/developers/http_api/serviceaccount/"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse

from obsiverse_lookout.access import RANKS
from obsiverse_lookout.database import Row
from obsiverse_lookout.errors import ApiError, forbidden
from obsiverse_lookout.http import Call, route


def _shown(account: Row) -> dict[str, Any]:
    return {
        "id": account["id"],
        "uid": account["uid"],
        "name": account["name"],
        "login": account["login"],
        "orgId": account["org_id"],
        "isDisabled": bool(account["is_disabled"]),
        "isExternal": False,
        "role": account["role"],
        "tokens": account["tokens"],
        "avatarUrl": "",
        "createdAt": account["created"],
        "updatedAt": account["updated"],
    }


def _time(seconds: float | None) -> str | None:
    return (
        None
        if seconds is None
        else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    )


def _no_more_than_caller(call: Call) -> None:
    """Nobody makes a role above their own."""
    role = call.body.get("role")
    if isinstance(role, str) and RANKS.get(role, 0) > RANKS[call.identity.role]:
        raise forbidden(role)


def search(call: Call) -> Any:
    """Those whose name or login contains a text, by pages."""
    size, page = call.asked_number("perpage", 1000), max(1, call.asked_number("page", 1))
    found = call.lookout.service_accounts.search(call.org_id, call.query.get("query", ""))
    shown = [_shown(account) for account in found[(page - 1) * size : page * size]]
    return {"totalCount": len(found), "serviceAccounts": shown, "page": page, "perPage": size}


def create(call: Call) -> Any:
    """A new one."""
    _no_more_than_caller(call)
    return JSONResponse(_shown(call.lookout.service_accounts.create(call.org_id, call.body)), 201)


def get(call: Call) -> Any:
    """One."""
    return _shown(call.lookout.service_accounts.get(call.org_id, call.number("id")))


def update(call: Call) -> Any:
    """Change one."""
    _no_more_than_caller(call)
    changed = call.lookout.service_accounts.update(call.org_id, call.number("id"), call.body)
    return {
        "id": changed["id"],
        "message": "Service account updated",
        "name": changed["name"],
        "serviceaccount": _shown(changed),
    }


def delete(call: Call) -> Any:
    """Delete one and its tokens."""
    call.lookout.service_accounts.delete(call.org_id, call.number("id"))
    return {"message": "Service account deleted"}


def tokens(call: Call) -> Any:
    """Its tokens, without their secrets."""
    now = time.time()
    return [
        {
            "id": token["id"],
            "name": token["name"],
            "created": _time(token["created"]),
            "expiration": _time(token["expires"]),
            "lastUsedAt": _time(token["last_used"]),
            "secondsUntilExpiration": max(0.0, token["expires"] - now) if token["expires"] else 0,
            "hasExpired": bool(token["expires"] and token["expires"] <= now),
            "isRevoked": False,
        }
        for token in call.lookout.service_accounts.tokens(call.org_id, call.number("id"))
    ]


def create_token(call: Call) -> Any:
    """A new token; `key` is shown this once."""
    made, name, secret = call.lookout.service_accounts.create_token(call.org_id, call.number("id"), call.body)
    return {"id": made, "name": name, "key": secret}


def delete_token(call: Call) -> Any:
    """Delete a token: whoever uses it is refused at once."""
    call.lookout.service_accounts.delete_token(call.org_id, call.number("id"), call.number("token"))
    return {"message": "Service account token deleted"}


def api_keys(_call: Call) -> Any:
    """Refused, as by Grafana 12."""
    raise ApiError(404, "API keys are gone in Grafana 12; make a token of a service account")


PATH = "/api/serviceaccounts"
ROUTES = [
    route("GET", f"{PATH}/search", search, "Admin"),
    # Clients write it with the slash and without.
    route("POST", PATH, create, "Admin"),
    route("POST", f"{PATH}/", create, "Admin"),
    route("GET", f"{PATH}/{{id}}", get, "Admin"),
    route("PATCH", f"{PATH}/{{id}}", update, "Admin"),
    route("DELETE", f"{PATH}/{{id}}", delete, "Admin"),
    route("GET", f"{PATH}/{{id}}/tokens", tokens, "Admin"),
    route("POST", f"{PATH}/{{id}}/tokens", create_token, "Admin"),
    route("DELETE", f"{PATH}/{{id}}/tokens/{{token}}", delete_token, "Admin"),
    route("GET", "/api/auth/keys", api_keys, "Admin"),
    route("POST", "/api/auth/keys", api_keys, "Admin"),
]
