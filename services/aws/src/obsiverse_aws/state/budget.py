"""How much of the time saving may keep requests from being served."""

from __future__ import annotations

import time
from collections.abc import Callable

SHARE = 0.05
"""Of the time, in the long run. What takes longer to save is saved less often."""
BURST = 0.5
"""Seconds that may be spent at once, after as long a rest."""


class Budget:
    """Seconds that may be spent now; they come back at SHARE of the time. For one thread."""

    def __init__(self) -> None:
        self._left = BURST
        self._counted = time.monotonic()

    def spend(self, seconds: float, sleep: Callable[[float], None]) -> None:
        """Count some seconds, and sleep off what was overdrawn."""
        now = time.monotonic()
        self._left = min(BURST, self._left + (now - self._counted) * SHARE) - seconds
        self._counted = now
        if self._left < 0:
            sleep(-self._left / SHARE)
