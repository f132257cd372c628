"""Health, what a page needs to begin, and who calls."""

from __future__ import annotations

from typing import Any

from obsiverse_lookout import GRAFANA_VERSION, __version__
from obsiverse_lookout.api.plugins import meta
from obsiverse_lookout.data_sources import TYPES
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.http import Call, route
from obsiverse_lookout.lookout import Lookout

COMMIT = f"lookout-{__version__}"


def state(lookout: Lookout) -> Any:
    """That it is up; raises sqlite3.Error where the database does not answer."""
    lookout.database.one("SELECT 1")
    return {"commit": COMMIT, "database": "ok", "version": GRAFANA_VERSION}


def settings(call: Call) -> Any:
    """What a page needs to begin: the data sources by name, without secrets, and the build."""
    sources = call.lookout.data_sources.list(call.org_id)
    default = next((source.name for source in sources if source.is_default), None)
    return {
        "defaultDatasource": default or (sources[0].name if sources else "-- Grafana --"),
        "datasources": {
            source.name: {
                "id": source.id,
                "uid": source.uid,
                "type": source.type,
                "name": source.name,
                "access": source.model["access"],
                "url": f"/api/datasources/proxy/uid/{source.uid}",
                "isDefault": source.is_default,
                "readOnly": source.read_only,
                "preload": False,
                "jsonData": source.json_data,
                "meta": meta(source.type),
            }
            for source in sources
            if source.type in TYPES
        },
        "buildInfo": {
            "version": GRAFANA_VERSION,
            "versionString": f"Lookout {__version__} (as Grafana {GRAFANA_VERSION})",
            "commit": COMMIT,
            "commitShort": COMMIT,
            "edition": "Lookout",
            "env": "production",
            "hideVersion": False,
            "latestVersion": "",
            "hasUpdate": False,
        },
        "anonymousEnabled": True,
        "appSubUrl": "",
        "featureToggles": {},
        "rendererAvailable": call.lookout.renderer.available,
        "user": {"isSignedIn": call.identity.kind != "anonymous", "login": call.identity.login, "orgId": call.org_id},
    }


def user(call: Call) -> Any:
    """The user who calls; service accounts are none."""
    if call.identity.kind != "user":
        raise ApiError(404, "user not found: this is a service account")
    return {
        "id": call.identity.id,
        "uid": "admin",
        "email": "admin@localhost",
        "name": call.identity.name,
        "login": call.identity.login,
        "theme": "",
        "orgId": call.org_id,
        "isGrafanaAdmin": True,
        "isDisabled": False,
        "isExternal": False,
        "authLabels": [],
    }


def user_orgs(call: Call) -> Any:
    """The organisations that the caller may act in."""
    if call.identity.kind != "user":
        raise ApiError(404, "user not found: this is a service account")
    return [{"orgId": org["id"], "name": org["name"], "role": "Admin"} for org in call.lookout.orgs.list()]


ROUTES = [
    route("GET", "/api/frontend/settings", settings),
    route("GET", "/api/user", user, signed_in=True),
    route("GET", "/api/user/orgs", user_orgs, signed_in=True),
]
