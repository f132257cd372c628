"""S3 and SNS in memory, for the asynchronous requests of tests that have no edge."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from obsiverse_endpoints.async_results import AwayError, RefusedError
from obsiverse_endpoints.routes import RouteKey


class Buckets:
    """Objects by account and URI, messages by topic; `away` makes every call fail."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.types: dict[str, str | None] = {}
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.away = False
        self.refused = 0
        self.changed = asyncio.Condition()

    async def fetch(self, key: RouteKey, uri: str) -> bytes:
        await self._answer()
        if (key.account, uri) not in self.objects:
            raise RefusedError("NoSuchKey", "The specified key does not exist.")
        return self.objects[key.account, uri]

    async def keep(self, key: RouteKey, uri: str, body: bytes, content_type: str | None, kms_key: str | None) -> None:
        await self._answer()
        if uri.startswith("s3://absent/"):
            raise RefusedError("NoSuchBucket", "The specified bucket does not exist")
        async with self.changed:
            self.objects[key.account, uri] = body
            self.types[uri] = content_type
            self.changed.notify_all()

    async def notify(self, key: RouteKey, topic: str, message: str) -> None:
        await self._answer()
        async with self.changed:
            self.messages.append((topic, json.loads(message)))
            self.changed.notify_all()

    async def message(self, count: int = 1) -> dict[str, Any]:
        """The message with that number, once it was published."""
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(lambda: len(self.messages) >= count)
        return self.messages[count - 1][1]

    def close(self) -> None:
        self.away = True

    async def refusals(self, count: int) -> None:
        """Wait for that many calls while away."""
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(lambda: self.refused >= count)

    async def _answer(self) -> None:
        if self.away:
            async with self.changed:
                self.refused += 1
                self.changed.notify_all()
            raise AwayError("connection refused")
