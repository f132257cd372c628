"""The kinds of resources: each in a file of its own, found by being here."""

from __future__ import annotations

from obsiverse.promote.discovery import instances
from obsiverse.promote.kind import Kind


def all_kinds() -> dict[str, Kind]:
    """One of each, by name."""
    return {kind.name: kind for kind in instances(__name__, __path__, Kind)}
