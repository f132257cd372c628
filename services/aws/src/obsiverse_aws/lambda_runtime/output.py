"""What a function prints, and when its runtime ends: one connection, of which the runtime's standard output is the other end."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable

CHUNK = 65536


class Output:
    """Listens for one runtime's output.

    Args:
        host: the address to listen at.
        on_end: called once when the runtime has ended, from a thread of its own.
    """

    def __init__(self, host: str, on_end: Callable[[], None]) -> None:
        self._listener = socket.create_server((host, 0), backlog=1)
        self._on_end = on_end
        self._lock = threading.Lock()
        self._text = bytearray()
        self._connection: socket.socket | None = None
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._read, name="lambda-output", daemon=True).start()

    def _read(self) -> None:
        try:
            self._connection, _ = self._listener.accept()
        except OSError:  # Closed before a runtime came.
            return
        with self._connection as connection:
            while True:
                try:
                    select.select([connection], [], [])
                except (OSError, ValueError):  # Closed by close().
                    break
                with self._lock:
                    if self._take(connection):
                        break
        self._on_end()

    def _take(self, connection: socket.socket) -> bool:
        """Take all that is there; whether the other end is gone. The caller holds the lock."""
        try:
            while chunk := connection.recv(CHUNK, socket.MSG_DONTWAIT):
                self._text += chunk
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def drain(self) -> str:
        """What was printed since the last call.

        What a runtime wrote before it answered is here by then: on one machine it is in the connection's buffer when write returns.
        """
        with self._lock:
            if self._connection is not None:
                self._take(self._connection)
            text, self._text = self._text.decode(errors="replace"), bytearray()
        return text

    def close(self) -> None:
        """Stop listening."""
        # Closing alone does not wake a thread that is in accept().
        with contextlib.suppress(OSError):  # macOS: not connected.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._connection is not None:
            with contextlib.suppress(OSError):  # The runtime has ended already.
                self._connection.shutdown(socket.SHUT_RDWR)
