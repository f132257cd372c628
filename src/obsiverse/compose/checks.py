"""What can only be seen in the whole project: names that lead nowhere, ports that are taken twice."""

from __future__ import annotations

from collections.abc import Mapping

from obsiverse.compose import source
from obsiverse.compose.errors import ComposeError
from obsiverse.compose.models import Port, Service
from obsiverse.compose.source import Map

ANY_ADDRESS = frozenset({None, "", "0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to
DEFAULT_NETWORK = "default"


def check_references(services: Mapping[str, Service], known: Mapping[str, Mapping[str, object]], root: Map) -> None:
    """Make sure that the configs, secrets, volumes and networks that services name are there.

    Raises:
        ComposeError: one is not.
    """
    for service in services.values():
        wanted = [
            *(("configs", one.source) for one in service.configs),
            *(("secrets", one.source) for one in service.secrets),
            *(("volumes", one.source) for one in service.volumes if one.type == "volume" and one.source),
            *(("networks", name) for name in service.networks if name != DEFAULT_NETWORK),
        ]
        for kind, name in wanted:
            if name not in known[kind]:
                raise ComposeError(
                    f"there is no {name} under the top-level {kind}; add it there",
                    source.locate(root, ("services", service.name, kind, name)),
                    f"services.{service.name}.{kind}",
                )


def check_ports(services: Mapping[str, Service], root: Map) -> None:
    """Make sure that no two services publish the same port of the same address.

    Raises:
        ComposeError: two do.
    """
    taken: list[tuple[Port, str]] = []
    for service in services.values():
        for index, port in enumerate(service.ports):
            if not port.published:
                continue
            for other, name in taken:
                if _clash(port, other):
                    raise ComposeError(
                        f"port {port.published} is published by {name} too; publish another port or take one of them out",
                        source.locate(root, ("services", service.name, "ports", index)),
                        f"services.{service.name}.ports",
                    )
            taken.append((port, service.name))


def _clash(one: Port, other: Port) -> bool:
    same_address = one.host_ip == other.host_ip or one.host_ip in ANY_ADDRESS or other.host_ip in ANY_ADDRESS
    return same_address and (one.published, one.protocol) == (other.published, other.protocol)
