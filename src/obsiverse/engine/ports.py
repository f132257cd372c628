"""Whether the ports that services publish are free, and who holds those that are not."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psutil

from obsiverse.engine.errors import PortTaken


@dataclass(frozen=True)
class PublishedPort:
    """A TCP port on this machine that a service listens on."""

    service: str
    host: str
    port: int


def check_free(ports: Iterable[PublishedPort], environment: Mapping[str, str]) -> None:
    """Make sure that every port can be listened on.

    Args:
        ports: the ports about to be used.
        environment: the variables of the Compose files, to name the one that moves a port.

    Raises:
        PortTaken: all that are taken, each with the process that holds it and the variable that moves it.
    """
    taken = [port for port in ports if not _is_free(port)]
    if not taken:
        return
    lines = [
        f"port {port.port}, which {port.service} needs, is held by {_holder(port.port)}; {_how_to_move(port, environment)}"
        for port in taken
    ]
    raise PortTaken("\n".join(lines), "Nothing was started. Stop those programs or move the ports, then run it again.")


def _is_free(port: PublishedPort) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise PortTaken(
                f"port {port.port}, which {port.service} needs, can't be used: {error.strerror}",
                "Choose one above 1023 in compose/.env.",
            ) from error
    return True


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr
                and connection.laddr.port == port
                and connection.pid
            ):
                process = psutil.Process(connection.pid)
                return f"process {connection.pid} ({' '.join(process.cmdline())[:80] or process.name()})"
    except psutil.Error:
        pass
    return "a process of another user"


def _how_to_move(port: PublishedPort, environment: Mapping[str, str]) -> str:
    names = sorted(name for name, value in environment.items() if name.endswith("_PORT") and value == str(port.port))
    if names:
        return f"set {names[0]} to another port in compose/.env or in the shell"
    return "change its number in the Compose file"
