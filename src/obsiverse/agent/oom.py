"""Whether the kernel killed something for want of memory.

For a process there is no record of who sent SIGKILL. The kernel's count of such kills (`oom_kill` in /proc/vmstat) tells it apart
well enough: a task that got a SIGKILL which the agent did not send, while the count rose, is taken for one.
"""

from __future__ import annotations

from pathlib import Path

VMSTAT = Path("/proc/vmstat")


class OomWatch:
    """Remembers the kernel's count."""

    def __init__(self) -> None:
        self._count = _count()

    def rose(self) -> bool:
        """True where the count rose since the last call."""
        before, self._count = self._count, _count()
        return self._count > before


def _count() -> int:
    try:
        for line in VMSTAT.read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    except OSError:
        return 0
    return 0
