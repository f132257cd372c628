"""Work that many ask for at once is done once, and its result kept for a moment.

Fifty people who watch one dashboard ask the same; their ranges differ by milliseconds, which a key doesn't show once it is
aligned to the step.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

KEPT_BYTES = 24 * 1024 * 1024
# A source that fails is asked again soon, but not by everyone.
FAILED_SECONDS = 1.0


class Flights:
    """Results by their keys, the least used forgotten first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._flying: dict[Hashable, asyncio.Task[bytes]] = {}
        self._kept: OrderedDict[Hashable, tuple[float, bytes | Exception]] = OrderedDict()
        self._size = 0

    async def get(self, key: Hashable, seconds: float, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """The result of `make`, or that of an equal call now under way or ended within these seconds.

        Raises whatever `make` raises.
        """
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._clock():
            self._kept.move_to_end(key)
            if isinstance(kept[1], Exception):
                raise kept[1]
            return kept[1]
        task = self._flying.get(key)
        if task is None:
            task = asyncio.create_task(self._fly(key, seconds, make))
            self._flying[key] = task
        # Whoever asked first may leave; the others still wait for it.
        return await asyncio.shield(task)

    async def _fly(self, key: Hashable, seconds: float, make: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            result = await make()
        except Exception as error:
            self._keep(key, min(seconds, FAILED_SECONDS), error)
            raise
        else:
            self._keep(key, seconds, result)
            return result
        finally:
            del self._flying[key]

    def _keep(self, key: Hashable, seconds: float, result: bytes | Exception) -> None:
        self._forget(key)
        if seconds <= 0:
            return
        self._kept[key] = (self._clock() + seconds, result)
        self._size += _size(result)
        while self._size > KEPT_BYTES:
            self._forget(next(iter(self._kept)))
        # What is over is seldom asked for again, so it would stay.
        for old in [each for each, (until, _) in list(self._kept.items())[:8] if until <= self._clock()]:
            self._forget(old)

    def _forget(self, key: Hashable) -> None:
        if (old := self._kept.pop(key, None)) is not None:
            self._size -= _size(old[1])


def _size(result: bytes | Exception) -> int:
    return len(result) if isinstance(result, bytes) else 0
