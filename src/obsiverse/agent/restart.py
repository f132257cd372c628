"""Whether a task that ended starts again, and when."""

from __future__ import annotations

from dataclasses import dataclass

from obsiverse.agent.runtime import Exit
from obsiverse.agent.spec import Restart


@dataclass(frozen=True)
class Backoff:
    """Growing delays between restarts, in seconds.

    Attributes:
        settled: after running this long, a task's next delay is the first again.
    """

    first: float = 0.1
    ceiling: float = 30.0
    settled: float = 10.0

    def delay(self, attempts: int) -> float:
        """The delay before the restart that follows this many in a row."""
        return min(self.ceiling, self.first * 2 ** min(attempts, 32))


def restarts(restart: Restart, end: Exit, attempts: int) -> bool:
    """Whether a task that ended by itself starts again.

    Args:
        attempts: restarts in a row that came before.
    """
    if restart.policy == "on-failure":
        return end.failed and (restart.max_retries is None or attempts < restart.max_retries)
    return restart.policy in ("always", "unless-stopped")
