"""Requests to a workspace's Prometheus and Alertmanager, and their answers, byte for byte.

aiohttp, as on the hot path of `endpoints`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import aiohttp
from obsiverse_dataplane.errors import ServiceUnavailable
from starlette.responses import Response
from yarl import URL

# Prometheus gives a query two minutes.
TIMEOUT = aiohttp.ClientTimeout(total=130.0, sock_connect=2.0)
PASSED_ON = frozenset({b"accept", b"accept-encoding", b"content-encoding", b"content-type", b"user-agent"})
PASSED_BACK = frozenset({"content-encoding", "content-type", "retry-after", "vary"})
# Versions of remote write, and how much of one was written.
OF_PROMETHEUS = "x-prometheus-"

Headers = Iterable[tuple[bytes, bytes]]


class Upstream:
    """One connection pool for all workspaces; open between aenter and aexit."""

    _session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=TIMEOUT,
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type"),
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def forward(self, method: str, url: str, query: bytes, headers: Headers, body: bytes) -> Response:
        """The answer there; raises ServiceUnavailable where none comes."""
        target = URL(f"{url}?{query.decode('latin-1')}" if query else url, encoded=True)
        passed = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in headers
            if name in PASSED_ON or name.startswith(b"x-prometheus-")
        }
        try:
            async with self._session.request(
                method, target, data=body or None, headers=passed, allow_redirects=False
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            # Both take a request twice without harm, so whoever wrote may write again.
            raise ServiceUnavailable(f"The workspace does not answer: {type(error).__name__}: {error}") from error
        back = {
            name: value
            for name, value in answer.headers.items()
            if (lowered := name.lower()) in PASSED_BACK or lowered.startswith(OF_PROMETHEUS)
        }
        return Response(content, answer.status, back)
