"""Notes of what lately could not be had, so that who has something else instead need not wait for it at each start."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError


class Refusal(BaseModel):
    """When no source had a component, and why.

    Attributes:
        at: Unix seconds.
        sources: where it was looked for; elsewhere it may be had.
        why: one line.
        hint: the next step.
    """

    at: float
    sources: str
    why: str
    hint: str = ""

    @property
    def when(self) -> str:
        """The time of day, for people."""
        return time.strftime("%H:%M", time.localtime(self.at))


@dataclass(frozen=True)
class Refusals:
    """The note of one component at one version.

    Attributes:
        file: where it is kept.
        sources: where the component is looked for now.
    """

    file: Path
    sources: str

    def last(self, within: float) -> Refusal | None:
        """The last refusal of these sources, if it is no older than `within` seconds."""
        try:
            found = Refusal.model_validate_json(self.file.read_text())
        except (OSError, ValidationError):
            return None
        # A clock that was set back makes no note valid for longer.
        fresh = 0 <= time.time() - found.at <= within
        return found if fresh and found.sources == self.sources else None

    def note(self, why: str, hint: str) -> None:
        """Keep why it could not be had; a note that can't be written is done without."""
        new = self.file.with_name(f"{self.file.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(Refusal(at=time.time(), sources=self.sources, why=why, hint=hint).model_dump_json())
            new.replace(self.file)

    def forget(self) -> None:
        """Drop the note."""
        with contextlib.suppress(OSError):
            self.file.unlink(missing_ok=True)
