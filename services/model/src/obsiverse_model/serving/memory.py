"""How much memory is left for models."""

from __future__ import annotations

from pathlib import Path

_MEMINFO, _CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
_NO_LIMIT = 1 << 62


def available_bytes() -> int:
    """Bytes that this process may still take: the machine's, or its container's where that has less.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
    """
    return min(_machine(), _container())


def _machine() -> int:
    try:
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # no Linux: only the container's limit is known, if there is any
    return _NO_LIMIT


def _container() -> int:
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):
        return _NO_LIMIT
    return _NO_LIMIT if limit == "max" else max(int(limit) - used, 0)
