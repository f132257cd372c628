"""Requests to model containers.

aiohttp and not httpx: this is the hot path, and benchmarks/data_plane.py measures both.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple, Protocol, Self

import aiohttp

ANSWER_SECONDS = 60.0  # what SageMaker gives a container
# SageMaker's contract says 250 ms; where everything shares two cores, an event loop that is late is no dead instance.
CONNECT_SECONDS = 1.0
# Below the five seconds after which uvicorn and others close an idle connection, so that none is used while it closes.
KEEPALIVE_SECONDS = 4.0
PING = aiohttp.ClientTimeout(total=2.0)


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


class Stream(Protocol):
    """A container's answer whose body is still to come."""

    status: int
    headers: Mapping[str, str]

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives; raises TimedOutError or DisconnectedError."""
        ...

    async def read(self) -> bytes:
        """All of the body; raises TimedOutError or DisconnectedError."""
        ...


class Upstream(Protocol):
    """A way to ask containers, open between `__aenter__` and `__aexit__`."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Post `body` with these headers; raises UnreachableError, TimedOutError or DisconnectedError."""
        ...

    def stream(self, url: str, body: bytes, headers: dict[str, str]) -> AbstractAsyncContextManager[Stream]:
        """Post, and have the answer as soon as it begins; raises as `post` does."""
        ...

    async def delete(self, url: str) -> Answer:
        """Delete; raises as `post` does."""
        ...

    async def is_alive(self, url: str) -> bool:
        """Whether the container there answers /ping, with whatever status."""
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
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _translated(error, url) from error

    @asynccontextmanager
    async def stream(self, url: str, body: bytes, headers: dict[str, str]) -> AsyncGenerator[Stream]:
        """Post to a container, and read its answer bit by bit."""
        try:
            response = await self._session.post(url, data=body, headers=headers, allow_redirects=False)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _translated(error, url) from error
        async with response:
            yield _AiohttpStream(response, url)

    async def delete(self, url: str) -> Answer:
        """Delete at a container."""
        try:
            async with self._session.delete(url) as response:
                return Answer(response.status, response.headers, await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _translated(error, url) from error

    async def is_alive(self, url: str) -> bool:
        """Ask /ping: a container that is being killed may still take connections, and answers none."""
        try:
            async with self._session.get(f"{url}/ping", timeout=PING):
                return True
        except (aiohttp.ClientError, TimeoutError):
            return False


class _AiohttpStream:
    def __init__(self, response: aiohttp.ClientResponse, url: str) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._url = url

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _translated(error, self._url) from error

    async def read(self) -> bytes:
        try:
            return await self._response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _translated(error, self._url) from error


def _translated(error: aiohttp.ClientError | TimeoutError, url: str) -> UpstreamError:
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return UnreachableError(str(error))
    if isinstance(error, TimeoutError):
        return TimedOutError(url)
    return DisconnectedError(f"{type(error).__name__}: {error}")
