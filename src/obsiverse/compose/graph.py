"""What depends on what."""

from __future__ import annotations

from collections.abc import Mapping

from obsiverse.compose import source
from obsiverse.compose.errors import ComposeError
from obsiverse.compose.models import Service
from obsiverse.compose.source import Map


def check_dependencies(active: Mapping[str, Service], known: Mapping[str, Service], root: Map) -> None:
    """Make sure that every dependency is there and none is circular.

    Raises:
        ComposeError: it is not; names the services.
    """
    for service in active.values():
        for name, dependency in service.depends_on.items():
            if name not in active and dependency.required:
                where = source.locate(root, ("services", service.name, "depends_on", name))
                why = "its profile is not active" if name in known else "there is no such service"
                raise ComposeError(f"depends on {name}, but {why}", where, f"services.{service.name}.depends_on")
    done: set[str] = set()
    for name in active:
        _visit(name, active, (), done, root)


def _visit(name: str, active: Mapping[str, Service], above: tuple[str, ...], done: set[str], root: Map) -> None:
    if name in above:
        circle = " → ".join((*above[above.index(name) :], name))
        raise ComposeError(
            f"services depend on each other in a circle: {circle}",
            source.locate(root, ("services", name, "depends_on")),
        )
    if name in done or name not in active:
        return
    for other in active[name].depends_on:
        _visit(other, active, (*above, name), done, root)
    done.add(name)
