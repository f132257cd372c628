"""Managed Prometheus: its operations, and what they need while the service runs."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Self

from obsiverse_dataplane.authentication import Authenticator
from obsiverse_dataplane.credentials import Credentials
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from obsiverse_telemetry.amp.admin import WorkspacesAdmin
from obsiverse_telemetry.amp.errors import ResourceNotFoundException, UnknownOperationException
from obsiverse_telemetry.amp.operations import find
from obsiverse_telemetry.amp.upstream import Upstream
from obsiverse_telemetry.amp.workspaces import WorkspaceKey, Workspaces
from obsiverse_telemetry.settings import Settings
from obsiverse_telemetry.signed import read_signed

SERVICE = "aps"
"""What credentials are scoped to."""
# Prometheus takes no more of remote write, unpacked.
BODY_MAX = 32 << 20  # bytes
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


class Amp:
    """See `obsiverse_telemetry.plane.Plane`."""

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self._authenticator = Authenticator(credentials, SERVICE)
        self._workspaces = Workspaces(settings.data / "workspaces.db")
        self._upstream = Upstream()
        self._running = AsyncExitStack()
        self.routes: list[BaseRoute] = [
            Route("/workspaces/{workspace}/api/v1/{path:path}", self._call, methods=METHODS),
            Route("/workspaces/{workspace}/alertmanager/api/v2/{path:path}", self._call, methods=METHODS),
            *WorkspacesAdmin(self._workspaces).paths(),
        ]

    async def __aenter__(self) -> Self:
        await self._running.enter_async_context(self._upstream)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._running.aclose()
        await asyncio.to_thread(self._workspaces.close)

    async def _call(self, request: Request) -> Response:
        scope = request.scope
        # As it was sent: what is encoded in the name of a label has to stay so.
        _, _, workspace, path = scope["raw_path"].decode("latin-1").split("/", 3)
        target = find(request.method, path)
        if target is None:
            raise UnknownOperationException(f"{request.method} {request.url.path} is not an operation of a workspace.")
        caller, body = await read_signed(request, self._authenticator, BODY_MAX)
        found = self._workspaces.get(WorkspaceKey(caller.account, caller.region, workspace))
        if found is None:
            raise ResourceNotFoundException(workspace)
        base = found.prometheus if target.program == "prometheus" else found.alertmanager
        url, query = f"{base}/{target.path}", scope["query_string"]
        return await self._upstream.forward(request.method, url, query, scope["headers"], body)
