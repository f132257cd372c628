"""Where a stack's files are: the checkout, its Compose files and its state folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from obsiverse.engine.errors import EngineError

PACKAGED_CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Workspace:
    """One stack: its checkout, Compose files and state folder."""

    root: Path
    files: tuple[Path, ...]
    state: Path

    @classmethod
    def find(cls, files: list[Path] | None = None) -> Workspace:
        """The workspace of the given Compose files, else of the checkout that this package was installed from.

        `OBSIVERSE_STATE` moves the state folder.

        Raises:
            EngineError: a Compose file is missing.
        """
        chosen = tuple(f.resolve() for f in files) if files else (PACKAGED_CHECKOUT / "compose" / "compose.yaml",)
        for file in chosen:
            if not file.is_file():
                raise EngineError(
                    f"no Compose file at {file}",
                    "Name one with `obsiverse --file FILE`, or run in a checkout of obsiverse.",
                )
        root = PACKAGED_CHECKOUT if not files else chosen[0].parent
        state = os.environ.get("OBSIVERSE_STATE")
        return cls(root, chosen, Path(state).resolve() if state else root / ".obsiverse")

    @property
    def data(self) -> Path:
        """Folder of the named volumes."""
        return self.state / "data"

    @property
    def venvs(self) -> Path:
        """Folder of the services' Python environments."""
        return self.state / "venvs"

    @property
    def generated(self) -> Path:
        """Folder of the files made from `configs` and `secrets`."""
        return self.state / "generated"

    @property
    def docker_mark(self) -> Path:
        """A file that is there while the stack is in Docker, so that an engine which is away is not taken for none."""
        return self.state / "in-docker"

    @property
    def lookout_mark(self) -> Path:
        """A file that is there since Grafana's image could not be had in Docker; Lookout runs in its place."""
        return self.state / "lookout-in-docker"

    @contextmanager
    def exclusive(self, verb: str) -> Generator[None]:
        """Hold the workspace for a command that changes the stack.

        Raises:
            EngineError: another such command is running; the message names it and its process.
        """
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.state / "engine.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(handle, 200).decode() or "another obsiverse command"
                raise EngineError(
                    f"{holder} is running on this stack", "Wait for it to end, or end it with Ctrl-C, then try again."
                ) from None
            try:
                os.truncate(handle, 0)
                os.write(handle, f"`obsiverse {verb}` (process {os.getpid()})".encode())
            except OSError as error:
                raise self._unwritable(error) from error
            yield
        finally:
            os.close(handle)

    def _unwritable(self, error: OSError) -> EngineError:
        return EngineError(
            f"the state folder {self.state} can't be written: {error.strerror}",
            "Free some space or rights there, or move it with OBSIVERSE_STATE.",
        )
