"""Whether a request that nobody has decided on is traced: X-Ray's default rule, one a second and 5 % of the others."""

from __future__ import annotations

import secrets
import threading
import time

FIXED_RATE = 0.05


class Sampler:
    """Decides for one service; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._second = 0

    def sample(self) -> bool:
        """Whether this request is traced."""
        now = int(time.monotonic())
        with self._lock:
            if now != self._second:
                self._second = now
                return True
        return secrets.randbelow(10_000) < FIXED_RATE * 10_000
