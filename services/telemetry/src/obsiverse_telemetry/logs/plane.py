"""CloudWatch Logs: its operations, and what they need while the service runs."""

from __future__ import annotations

from typing import Self

from obsiverse_dataplane.authentication import Authenticator
from obsiverse_dataplane.credentials import Credentials
from starlette.routing import BaseRoute

from obsiverse_telemetry.settings import Settings

SERVICE = "logs"
"""What credentials are scoped to."""


class Logs:
    """See `obsiverse_telemetry.plane.Plane`."""

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self._settings = settings
        self._authenticator = Authenticator(credentials, SERVICE)
        self.routes: list[BaseRoute] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None
