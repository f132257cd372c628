"""Ports for tasks that leave the choice to the agent."""

from __future__ import annotations

import socket
from collections.abc import Collection

from obsiverse.agent.errors import NoPort

FIRST, LAST = 20_000, 21_999


class Ports:
    """Hands out ports of 20000 to 21999, each to one task at a time; going round, so that a freed one rests first."""

    def __init__(self) -> None:
        self._next = FIRST

    def take(self, used: Collection[int]) -> int:
        """A port that no task has and nothing listens on.

        Raises:
            NoPort: there is none.
        """
        for _ in range(LAST - FIRST + 1):
            port = self._next
            self._next = FIRST if port == LAST else port + 1
            if port not in used and is_free(port):
                return port
        raise NoPort(f"every port of {FIRST} to {LAST} is taken; stop some tasks")


def is_free(port: int) -> bool:
    """Whether a port of the loopback address can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
