"""The checks of `verify`: each in a file of its own, found by being here."""

from __future__ import annotations

from obsiverse.promote.check import Check
from obsiverse.promote.discovery import instances


def all_checks() -> dict[str, Check]:
    """One of each, by name."""
    return {check.name: check for check in instances(__name__, __path__, Check)}
