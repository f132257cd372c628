"""Which secret belongs to an access key: a rule for accounts, and the edge for keys that IAM or STS issued."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog

from obsiverse_dataplane.credential import Credential
from obsiverse_dataplane.credential_store import CredentialStore
from obsiverse_dataplane.errors import ServiceUnavailable, UnrecognizedClientException

DEFAULT_KEY, DEFAULT_ACCOUNT = "test", "000000000000"
ACCOUNT_SECRET = "test"  # noqa: S105 - LocalStack's, and no secret at all
KNOWN_SECONDS = 300.0
UNKNOWN_SECONDS = 2.0
AWAY_SECONDS = 30.0  # a known key is not asked for again in this time where the edge did not answer
REFUSALS_MAX = 1024
_ACCESS_KEY = re.compile(r"\w{1,128}", re.ASCII)

_log = structlog.get_logger()


class EdgeAwayError(Exception):
    """The edge did not say whether it knows a key."""


class _Kept(NamedTuple):
    """What is known of a key until it is asked again; `away` where the edge did not answer when last asked."""

    credential: Credential | None
    until: float
    away: bool


class Credentials:
    """Credentials by access key, remembered in memory and on disk.

    Args:
        ask: what the edge says of a key, None where it does not know it; raises EdgeAwayError.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        ask: Callable[[str], Awaitable[Credential | None]],
        store: CredentialStore,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ask = ask
        self._store = store
        self._clock = clock
        self._kept = {
            key: _Kept(credential, fetched + KNOWN_SECONDS, False) for key, credential, fetched in store.load()
        }
        self._asking: dict[str, asyncio.Task[_Kept]] = {}
        self._writing = asyncio.Lock()

    async def find(self, access_key: str) -> Credential:
        """The credential of an access key; raises UnrecognizedClientException or ServiceUnavailable."""
        account = DEFAULT_ACCOUNT if access_key == DEFAULT_KEY else access_key
        if len(account) == 12 and account.isascii() and account.isdigit():
            return Credential(account, ACCOUNT_SECRET)
        kept = self._kept.get(access_key)
        if kept is None or kept.until <= self._clock():
            kept = await self._look_up(access_key)
        if kept.credential is not None:
            return kept.credential
        if kept.away:
            raise ServiceUnavailable(
                "The access key can't be checked, since the edge does not answer. Please try again."
            )
        raise UnrecognizedClientException

    async def _look_up(self, access_key: str) -> _Kept:
        if not _ACCESS_KEY.fullmatch(access_key):
            raise UnrecognizedClientException
        task = self._asking.get(access_key)
        if task is None:
            task = self._asking[access_key] = asyncio.create_task(self._refresh(access_key))
            task.add_done_callback(lambda _: self._asking.pop(access_key, None))
        # Others wait for the same answer, so a client that goes away must not end it.
        return await asyncio.shield(task)

    async def _refresh(self, access_key: str) -> _Kept:
        try:
            found = await self._ask(access_key)
        except EdgeAwayError as error:
            before = self._kept.get(access_key)
            credential = before.credential if before else None
            _log.warning("the edge does not tell credentials", error=str(error), known=credential is not None)
            kept = _Kept(credential, self._clock() + (AWAY_SECONDS if credential else UNKNOWN_SECONDS), True)
        else:
            now = self._clock()
            kept = _Kept(found, now + (KNOWN_SECONDS if found else UNKNOWN_SECONDS), False)
            await self._write(access_key, found, now)
        self._forget_refusals()
        self._kept[access_key] = kept
        return kept

    async def _write(self, access_key: str, found: Credential | None, now: float) -> None:
        before = self._kept.get(access_key)
        if found is None and (before is None or before.credential is None):
            return
        async with self._writing:
            try:
                if found is None:
                    await asyncio.to_thread(self._store.delete, access_key)
                else:
                    await asyncio.to_thread(self._store.put, access_key, found, now)
            except sqlite3.Error as error:
                # The caller is who they say; what is lost is what a restart without the edge would need.
                _log.error("credentials can't be written", error=str(error))

    def _forget_refusals(self) -> None:
        """Bound what callers with made-up keys take up."""
        refused = [key for key, kept in self._kept.items() if kept.credential is None]
        if len(refused) >= REFUSALS_MAX:
            for key in refused:
                del self._kept[key]
