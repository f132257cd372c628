"""What is wrong with a Compose file, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Where:
    """A place in a file; lines count from 1."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class ComposeError(Exception):
    """A Compose file can't be honoured.

    Attributes:
        where: the place, if there is one.
        key: the key's path, such as `services.web.ports`.
    """

    def __init__(self, message: str, where: Where | None = None, key: str = "") -> None:
        super().__init__("".join((f"{where}: " if where else "", f"{key}: " if key else "", message)))
        self.message = message
        self.where = where
        self.key = key
