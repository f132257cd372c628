"""The ports of this machine that tasks listen on."""

from __future__ import annotations

import socket
from collections.abc import Collection, Sequence

from obsiverse.agent.errors import NoPort
from obsiverse.agent.spec import Port

FIRST, LAST = 20000, 21999


class Ports:
    """Gives out ports of 20000-21999 that nobody listens on."""

    def __init__(self, first: int = FIRST, last: int = LAST, *, start: int = 0) -> None:
        """
        Args:
            start: how far into the range to begin, so that several agents of a machine seldom meet.
        """
        self._first = first
        self._count = last - first + 1
        self._next = start % self._count

    def assign(
        self,
        wanted: Sequence[Port],
        had: Sequence[tuple[int, int]],
        taken: Collection[int],
        *,
        listening: bool = False,
    ) -> list[tuple[int, int]]:
        """Ports for a task as (container, host): those named in its spec, those it had, else free ones.

        Args:
            wanted: the spec's.
            had: what the task was given before; kept unless another program listens there now.
            taken: the host ports of other tasks.
            listening: the task runs, so what listens on its ports is itself.

        Raises:
            NoPort: none is free.
        """
        before = dict(had)
        assigned: list[tuple[int, int]] = []
        used = set(taken)
        for port in wanted:
            host = port.host or self._keep(before.get(port.container), used, listening) or self._find(used)
            used.add(host)
            assigned.append((port.container, host))
        return assigned

    def _keep(self, host: int | None, used: Collection[int], listening: bool) -> int | None:
        if host is None or host in used or not self._first <= host < self._first + self._count:
            return None
        return host if listening or is_free(host) else None

    def _find(self, used: Collection[int]) -> int:
        for step in range(self._count):
            host = self._first + (self._next + step) % self._count
            if host not in used and is_free(host):
                self._next = (host + 1 - self._first) % self._count
                return host
        last = self._first + self._count - 1
        raise NoPort(f"all of the ports {self._first}-{last} are taken. Delete tasks that are no longer needed.")


def is_free(port: int) -> bool:
    """Whether nothing listens on a port, neither on loopback nor on all addresses."""
    for address in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - bound for a moment, never listened on
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As servers do: without it a port whose connections have just ended would seem taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True
