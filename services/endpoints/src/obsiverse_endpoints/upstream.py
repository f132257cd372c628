"""Requests to model containers.

aiohttp and not httpx: this is the hot path, and benchmarks/data_plane.py measures both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol, Self

import aiohttp

ANSWER_SECONDS = 60.0  # what SageMaker gives a container
# SageMaker's contract says 250 ms; where everything shares two cores, an event loop that is late is no dead instance.
CONNECT_SECONDS = 1.0
# Below the five seconds after which uvicorn and others close an idle connection, so that none is used while it closes.
KEEPALIVE_SECONDS = 4.0


class Answer(NamedTuple):
    """A container's answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class UpstreamError(Exception):
    """The container gave no answer; it may have worked on the request."""


class UnreachableError(UpstreamError):
    """No connection was made, so the request can be given to another instance."""


class TimedOutError(UpstreamError):
    """No answer within ANSWER_SECONDS."""


class DisconnectedError(UpstreamError):
    """The connection ended before the answer did."""


class Upstream(Protocol):
    """A way to ask containers, open between `__aenter__` and `__aexit__`."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Post `body` with these headers; raises UnreachableError, TimedOutError or DisconnectedError."""
        ...


class AiohttpUpstream:
    """One connection pool for all containers. `answer_seconds` is what a container has from first to last byte."""

    _session: aiohttp.ClientSession

    def __init__(self, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._timeout = aiohttp.ClientTimeout(total=answer_seconds, sock_connect=CONNECT_SECONDS)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type"),
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Post to a container."""
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                return Answer(response.status, response.headers, await response.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise UnreachableError(str(error)) from error
        except TimeoutError as error:
            raise TimedOutError(url) from error
        except aiohttp.ClientError as error:
            raise DisconnectedError(f"{type(error).__name__}: {error}") from error
