"""How callers watch a component being got."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One moment of getting a component.

    Attributes:
        name: the program or the project.
        phase: `waiting` (for another process that gets the same), `downloading`, `building` or `installing`.
        detail: how far it is, in words.
        fraction: 0 to 1 where it is known.
    """

    name: str
    phase: str
    detail: str = ""
    fraction: float | None = None


type Report = Callable[[Progress], None]


def ignore(_: Progress) -> None:
    """A report for callers that do not watch."""
