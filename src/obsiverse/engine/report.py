"""What the engine tells whoever watches it."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Receives progress; called from several threads."""

    def stage(self, service: str, stage: str, detail: str = "") -> None:
        """A service came to a stage.

        Args:
            service: its name, or a program's or environment's while those are got.
            stage: `waiting`, `getting`, `ready`, `starting`, `healthy`, `running`, `done`, `stopping`, `stopped`, `failed`.
            detail: what it waits for, or how far it is.
        """
        ...

    def line(self, service: str, line: str) -> None:
        """A line that a one-shot service printed."""
        ...

    def warn(self, message: str) -> None:
        """Something that the user should know and that stops nothing."""
        ...
