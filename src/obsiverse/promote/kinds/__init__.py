"""The kinds of resources: each in a file of its own, found by being here."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from obsiverse.promote.kind import Kind


def all_kinds() -> dict[str, Kind]:
    """One of each, by name."""
    found: dict[str, Kind] = {}
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        for member in vars(loaded).values():
            if (
                inspect.isclass(member)
                and issubclass(member, Kind)
                and not inspect.isabstract(member)
                and member.__module__ == loaded.__name__
            ):
                found[member.name] = member()
    return found
