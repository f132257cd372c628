"""What the edge calls to say where workspaces are (docs/design.md, "Data plane workspaces")."""

from __future__ import annotations

import sqlite3

import structlog
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from obsiverse_telemetry.amp.workspaces import Workspace, WorkspaceKey, Workspaces

_log = structlog.get_logger()


class WorkspacesAdmin:
    """The calls on /_obsiverse/workspaces."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    def paths(self) -> list[Route]:
        """The paths it answers."""
        one = "/_obsiverse/workspaces/{account}/{region}/{workspace}"
        return [
            Route("/_obsiverse/workspaces", self.list, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.put, methods=["PUT"]),
            Route(one, self.delete, methods=["DELETE"]),
        ]

    async def list(self, request: Request) -> Response:
        """Every workspace with its account, region and id."""
        found = self._workspaces.items()
        return JSONResponse({"workspaces": [{**key._asdict(), **one.model_dump()} for key, one in found]})

    async def get(self, request: Request) -> Response:
        """One workspace, or 404."""
        found = self._workspaces.get(_key(request))
        if found is None:
            return _error(404, "not_found", "there is no such workspace")
        return JSONResponse(found.model_dump())

    async def put(self, request: Request) -> Response:
        """Keep a workspace: on disk when this answers, and used by every request after it."""
        key = _key(request)
        try:
            workspace = Workspace.model_validate_json(await request.body())
        except ValidationError as error:
            return _error(400, "invalid_workspace", str(error))
        try:
            await self._workspaces.put(key, workspace)
        except sqlite3.Error as error:
            return _store_failed(error)
        _log.info("workspace kept", **key._asdict(), **workspace.model_dump())
        return JSONResponse(workspace.model_dump())

    async def delete(self, request: Request) -> Response:
        """Forget a workspace; 204 also where it is already gone."""
        key = _key(request)
        try:
            await self._workspaces.delete(key)
        except sqlite3.Error as error:
            return _store_failed(error)
        _log.info("workspace removed", **key._asdict())
        return Response(status_code=204)


def _key(request: Request) -> WorkspaceKey:
    return WorkspaceKey(**request.path_params)


def _store_failed(error: sqlite3.Error) -> Response:
    _log.error("workspaces can't be written", error=str(error))
    message = f"the workspace was not kept: {error}; free space on the data folder's disk and try again"
    return _error(507, "store_failed", message)


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
