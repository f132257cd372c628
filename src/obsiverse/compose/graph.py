"""What depends on what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Literal

from obsiverse.compose import source
from obsiverse.compose.errors import ComposeError
from obsiverse.compose.source import Map

if TYPE_CHECKING:
    from obsiverse.compose.models import Service

Condition = Literal["service_started", "service_healthy", "service_completed_successfully"]


@dataclass(frozen=True)
class Link:
    """A service that another depends on.

    Attributes:
        required: whether the other may not start without it.
        restart: whether the other is restarted with it.
    """

    service: str
    condition: Condition
    required: bool
    restart: bool


def links(service: Service, active: Mapping[str, Service]) -> tuple[Link, ...]:
    """The active services that a service depends on."""
    return tuple(
        Link(name, one.condition, one.required, one.restart)
        for name, one in service.depends_on.items()
        if name in active
    )


def order(active: Mapping[str, Service]) -> tuple[str, ...]:
    """The services, each after those it depends on.

    Raises:
        graphlib.CycleError: they depend on each other in a circle; a loaded project's don't.
    """
    return tuple(
        TopologicalSorter(
            {name: [link.service for link in links(service, active)] for name, service in active.items()}
        ).static_order()
    )


def check(active: Mapping[str, Service], known: Mapping[str, Service], root: Map) -> list[str]:
    """Make sure that every dependency is there and none is circular.

    Returns:
        A warning for each dependency that is not active and not required.

    Raises:
        ComposeError: one is not there, or they form a circle; names the services.
    """
    warnings: list[str] = []
    for service in active.values():
        for name, dependency in service.depends_on.items():
            if name in active:
                continue
            where = source.locate(root, ("services", service.name, "depends_on", name))
            key = f"services.{service.name}.depends_on"
            if name not in known:
                raise ComposeError(
                    f"depends on {name}, but there is no such service; add it or take it out", where, key
                )
            profiles = " or ".join(known[name].profiles)
            if dependency.required:
                raise ComposeError(
                    f"depends on {name}, but its profile is not active; activate {profiles}, or set required: false",
                    where,
                    key,
                )
            warnings.append(f"{where}: {service.name} starts without {name}, whose profile {profiles} is not active")
    try:
        order(active)
    except CycleError as error:
        circle = _circle(error.args[1])
        raise ComposeError(
            f"services depend on each other in a circle: {' → '.join(circle)}; take one of them out",
            source.locate(root, ("services", circle[0], "depends_on", circle[1])),
            f"services.{circle[0]}.depends_on",
        ) from None
    return warnings


def _circle(found: list[str]) -> list[str]:
    """Each service before the one it depends on, from the first by name; graphlib has them the other way round."""
    around = found[:0:-1]
    start = around.index(min(around))
    return [*around[start:], *around[:start], around[start]]
