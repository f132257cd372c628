"""What the agent asks of whatever runs tasks: processes here, containers where there is a Docker engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from obsiverse.agent.spec import Spec


@dataclass(frozen=True)
class Ended:
    """How a task ended: its exit code (128 + number for a signal) and the signal's name, if one ended it."""

    exit_code: int
    signal: str | None


@dataclass(frozen=True)
class Usage:
    """What a task uses: CPU in percent of one core since the last reading, resident bytes, processes."""

    cpu_percent: float
    rss_bytes: int
    processes: int


class Handle(Protocol):
    """A running task, to be found again by a later agent by what identifies it."""

    @property
    def pid(self) -> int: ...

    @property
    def began(self) -> float: ...


class Runtime[H: Handle](Protocol):
    """Starts tasks and knows how they end. Methods do not block for long; only `ended` waits."""

    def start(self, task: str, spec: Spec, folder: Path, variables: Mapping[str, str]) -> H: ...
    def adopt(self, pid: int, began: float) -> H | None: ...
    def find(self, task: str) -> H | None: ...
    async def ended(self, handle: H) -> None: ...
    def outcome(self, folder: Path) -> Ended: ...
    def main_pid(self, folder: Path) -> int | None: ...
    def signal_main(self, folder: Path, number: int) -> None: ...
    def signal_all(self, handle: H, number: int) -> None: ...
    def kill_rest(self, task: str, handle: H | None) -> None: ...
    def usage(self, task: str, handle: H) -> Usage: ...
