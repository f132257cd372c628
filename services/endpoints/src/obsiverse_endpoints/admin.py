"""What the edge calls to change routes, and what the collector asks (docs/design.md, "Data plane routes")."""

from __future__ import annotations

import sqlite3

import structlog
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Path

from obsiverse_endpoints.errors import EndpointNotFound
from obsiverse_endpoints.observability import targets
from obsiverse_endpoints.routes import RouteDocument, RouteKey
from obsiverse_endpoints.table import RouteTable

_log = structlog.get_logger()


class RoutesAdmin:
    """The calls on /_obsiverse/routes."""

    def __init__(self, table: RouteTable) -> None:
        self._table = table

    def paths(self) -> list[Path]:
        """The paths it answers."""
        one = "/_obsiverse/routes/{account}/{region}/{endpoint}"
        return [
            Path("/_obsiverse/routes", self.list, methods=["GET"]),
            Path(one, self.get, methods=["GET"]),
            Path(one, self.put, methods=["PUT"]),
            Path(one, self.delete, methods=["DELETE"]),
            Path("/_obsiverse/routes/{account}", self.delete_account, methods=["DELETE"]),
            Path("/_obsiverse/draining", self.draining, methods=["GET"]),
            Path("/_obsiverse/observability", self.observability, methods=["GET"]),
        ]

    async def list(self, request: Request) -> Response:
        """Every route with its account, region and endpoint."""
        return JSONResponse(
            {
                "routes": [
                    {**key._asdict(), **route.document.model_dump(mode="json", by_alias=True, exclude_defaults=True)}
                    for key, route in self._table.items()
                ]
            }
        )

    async def get(self, request: Request) -> Response:
        """One route, or 404."""
        try:
            route = self._table[_key(request)]
        except EndpointNotFound as error:
            return _error(404, "not_found", str(error))
        return JSONResponse(route.document.model_dump(mode="json", by_alias=True, exclude_defaults=True))

    async def put(self, request: Request) -> Response:
        """Keep a route: on disk when this answers, and used by every request after it."""
        key = _key(request)
        try:
            document = RouteDocument.model_validate_json(await request.body())
        except ValidationError as error:
            return _error(400, "invalid_route", str(error))
        try:
            await self._table.put(key, document)
        except sqlite3.Error as error:
            return _store_failed(error)
        _log.info("route kept", **key._asdict(), variants={one.name: one.weight for one in document.variants})
        return JSONResponse(document.model_dump(mode="json", by_alias=True, exclude_defaults=True))

    async def delete(self, request: Request) -> Response:
        """Forget a route; 204 also where it is already gone."""
        key = _key(request)
        try:
            await self._table.delete(key)
        except sqlite3.Error as error:
            return _store_failed(error)
        _log.info("route removed", **key._asdict())
        return Response(status_code=204)

    async def delete_account(self, request: Request) -> Response:
        """Forget all routes of an account; 204 also where it has none."""
        try:
            await self._table.delete_account(request.path_params["account"])
        except sqlite3.Error as error:
            return _store_failed(error)
        _log.info("account's routes removed", account=request.path_params["account"])
        return Response(status_code=204)

    async def draining(self, request: Request) -> Response:
        """The instances that no route has any more and that still answer requests: they may not be ended yet."""
        instances = [{"id": one.document.id, "outstanding": one.outstanding} for one in self._table.draining()]
        return JSONResponse({"instances": instances})

    async def observability(self, request: Request) -> Response:
        """The containers whose metrics are to be read."""
        return JSONResponse(targets(self._table))


def _key(request: Request) -> RouteKey:
    return RouteKey(**request.path_params)


def _store_failed(error: sqlite3.Error) -> Response:
    _log.error("routes can't be written", error=str(error))
    return _error(
        507, "store_failed", f"the route was not kept: {error}; free space on the data folder's disk and try again"
    )


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
