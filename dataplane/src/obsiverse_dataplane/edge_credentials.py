"""The edge's word on access keys: `GET /_obsiverse/credentials/{access_key}` (docs/design.md, "Credentials")."""

from __future__ import annotations

from typing import Self

import aiohttp
from pydantic import BaseModel, ValidationError

from obsiverse_dataplane.credential import Credential
from obsiverse_dataplane.credentials import EdgeAwayError

TIMEOUT = aiohttp.ClientTimeout(total=3.0, sock_connect=1.0)
NOT_FOUND = "not_found"


class _Document(BaseModel):
    account: str
    secret_access_key: str
    session_token: str | None = None
    expires_at: float | None = None


class EdgeCredentials:
    """Asks the edge at `address` (host:port); without one, no key is known. Open between aenter and aexit."""

    _session: aiohttp.ClientSession

    def __init__(self, address: str | None) -> None:
        self._url = f"http://{address}/_obsiverse/credentials" if address else None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=TIMEOUT)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(self, access_key: str) -> Credential | None:
        """The credential of a key, None where the edge does not know it; raises EdgeAwayError."""
        if self._url is None:
            return None
        try:
            async with self._session.get(f"{self._url}/{access_key}") as answer:
                body = await answer.read()
                # An edge that only starts answers 404 to everything, and then the body is another.
                if answer.status == 404 and NOT_FOUND in body.decode("utf-8", "replace"):
                    return None
                answer.raise_for_status()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EdgeAwayError(f"{type(error).__name__}: {error}") from error
        try:
            found = _Document.model_validate_json(body)
        except ValidationError as error:
            # Not the error itself: it quotes its input, which holds a secret.
            raise EdgeAwayError(f"{error.error_count()} errors in its answer") from None
        return Credential(found.account, found.secret_access_key, found.session_token, found.expires_at)
