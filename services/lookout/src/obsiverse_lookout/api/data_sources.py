"""Data sources: https://grafana.com/docs/grafana/latest/developers/http_api/data_source/"""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from obsiverse_lookout.data_sources import TYPES, DataSource
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.http import Call, route
from obsiverse_lookout.query.request import QueryError
from obsiverse_lookout.query.resources import health as check
from obsiverse_lookout.query.resources import prometheus_answer, resource
from obsiverse_lookout.query.sources import PROMETHEUS_TYPES


def _shown(source: DataSource) -> dict[str, Any]:
    return {
        "id": source.id,
        "uid": source.uid,
        "orgId": source.org_id,
        "name": source.name,
        "type": source.type,
        "typeName": TYPES[source.type],
        "typeLogoUrl": "",
        **source.model,
        "isDefault": source.is_default,
        "secureJsonFields": {name: True for name, value in source.secure.items() if value},
        "version": source.version,
        "readOnly": source.read_only,
    }


def _chosen(call: Call) -> DataSource:
    parameters = call.request.path_params
    if "uid" in parameters:
        return call.lookout.data_sources.get(call.org_id, uid=call.path("uid"))
    if "name" in parameters:
        return call.lookout.data_sources.get(call.org_id, name=call.path("name"))
    return call.lookout.data_sources.get(call.org_id, number=call.number("id"))


def data_sources(call: Call) -> Any:
    """All, by name."""
    return [_shown(source) for source in call.lookout.data_sources.list(call.org_id)]


def create(call: Call) -> Any:
    """A new one."""
    made = call.lookout.data_sources.create(call.org_id, call.body)
    return {"datasource": _shown(made), "id": made.id, "message": "Datasource added", "name": made.name}


def get(call: Call) -> Any:
    """One."""
    return _shown(_chosen(call))


def id_of(call: Call) -> Any:
    """One's number."""
    return {"id": _chosen(call).id}


def update(call: Call) -> Any:
    """Replace one."""
    changed = call.lookout.data_sources.update(_chosen(call), call.body)
    return {"datasource": _shown(changed), "id": changed.id, "message": "Datasource updated", "name": changed.name}


def delete(call: Call) -> Any:
    """Delete one."""
    source = _chosen(call)
    call.lookout.data_sources.delete(source)
    return {"message": "Data source deleted", "id": source.id}


async def health(call: Call) -> Any:
    """Whether one answers."""
    source = _chosen(call)
    try:
        return {"status": "OK", "message": await check(call.lookout.sources, source)}
    except QueryError as error:
        return JSONResponse({"status": "ERROR", "message": str(error)}, 400)


async def resources(call: Call) -> Any:
    """Names that it knows."""
    source = _chosen(call)
    if source.type in PROMETHEUS_TYPES:
        return await _passed_on(call, source)
    return await resource(call.lookout.sources, source, call.path("path").strip("/"), call.query)


async def proxy(call: Call) -> Any:
    """Its own API, where that is HTTP and the call only reads."""
    source = _chosen(call)
    if source.type not in PROMETHEUS_TYPES:
        raise ApiError(404, f"data sources of type {source.type} have no HTTP API to pass on to")
    return await _passed_on(call, source)


async def _passed_on(call: Call, source: DataSource) -> Response:
    status, body, kind = await prometheus_answer(
        call.lookout.sources,
        source,
        call.request.method,
        call.path("path").strip("/"),
        call.request.url.query,
        call.raw,
        call.request.headers.get("content-type", ""),
    )
    # What a source says of who may ask it is not what this service says of its caller.
    return Response(body, 502 if status in (401, 403) else status, media_type=kind or None)


def _of_one(by: str) -> list[Route]:
    return [
        route("GET", f"{PATH}/proxy/{by}/{{path:path}}", proxy),
        route("POST", f"{PATH}/proxy/{by}/{{path:path}}", proxy),
        route("GET", f"{PATH}/{by}", get, "Admin"),
        route("PUT", f"{PATH}/{by}", update, "Admin"),
        route("DELETE", f"{PATH}/{by}", delete, "Admin"),
    ]


PATH = "/api/datasources"
ROUTES = [
    route("GET", PATH, data_sources, "Admin"),
    route("POST", PATH, create, "Admin"),
    route("GET", f"{PATH}/id/{{name}}", id_of),
    route("GET", f"{PATH}/uid/{{uid}}/health", health),
    route("GET", f"{PATH}/uid/{{uid}}/resources/{{path:path}}", resources),
    route("POST", f"{PATH}/uid/{{uid}}/resources/{{path:path}}", resources),
    *_of_one("uid/{uid}"),
    route("GET", f"{PATH}/name/{{name}}", get, "Admin"),
    route("DELETE", f"{PATH}/name/{{name}}", delete, "Admin"),
    *_of_one("{id}"),
]
