"""What promotion did to a target, beside the target's file: so that a crashed apply goes on, and rollback knows what was before.

JSON lines that are only added to, each on the disk before the next thing is done; mode 0600; no secret. One run is one apply, with those
that went on with it after a crash.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.redaction import redacted
from obsiverse.promote.resource import Properties, Resource, plain

MODE = 0o600


@dataclass
class Change:
    """What a run did to one resource.

    Attributes:
        resource: as it was applied, with references put in.
        needs: keys that it needed.
        before: its properties before the run; None where it was not there.
        done: whether the target has confirmed it.
        refused: whether the target refused it, so that nothing of ours is there.
        undone: whether a rollback took it back.
    """

    resource: Resource
    needs: frozenset[str]
    before: Properties | None
    done: bool = False
    refused: bool = False
    undone: bool = False


@dataclass
class Run:
    """One apply.

    Attributes:
        finished: whether it came to its end.
        rolling_back: whether a rollback has begun.
        rolled_back: whether that came to its end.
    """

    id: str
    finished: bool = False
    rolling_back: bool = False
    rolled_back: bool = False
    changes: dict[str, Change] = field(default_factory=dict[str, Change])


class Journal:
    """The journal of one target. A context manager: inside it, this process alone may write.

    Args:
        file: where; it need not be there.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.runs: list[Run] = []
        self._prints: dict[str, str] = {}
        self._owned: set[str] = set()
        self._descriptor: int | None = None
        self._write_lock = Lock()
        for record in self._records():
            self._take(record)

    def __enter__(self) -> Journal:
        descriptor = os.open(self.file, os.O_RDWR | os.O_APPEND | os.O_CREAT, MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise PromoteError(f"another promotion writes {self.file}", "Wait for its end.") from None
        # A crash may have cut the last line short: what it said was not done yet.
        content = self.file.read_bytes()
        os.ftruncate(descriptor, content.rfind(b"\n") + 1)
        self._descriptor = descriptor
        self.runs, self._prints, self._owned = [], {}, set()
        for record in self._records():
            self._take(record)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def owns(self, key: str) -> bool:
        """Whether promotion made a resource, or had begun to when it was cut off."""
        return key in self._owned

    def fingerprint(self, key: str) -> str | None:
        """That of a resource as promotion left it last; None where it never touched it."""
        return self._prints.get(key)

    @property
    def open_run(self) -> Run | None:
        """An apply that was cut off or stopped, with which the next one goes on."""
        last = self.runs[-1] if self.runs else None
        return last if last and not last.finished and not last.rolling_back else None

    def undoable(self) -> list[Run]:
        """Runs that can be rolled back, the last one first."""
        return [run for run in reversed(self.runs) if not run.rolled_back and run.changes]

    def begin(self, account: str, region: str) -> Run:
        """A run, or the one that is not at its end, to go on with."""
        if self.open_run is None:
            self._add({"event": "begin", "run": secrets.token_hex(4), "account": account, "region": region})
        return self.runs[-1]

    def intend(self, resource: Resource, needs: frozenset[str], before: Properties | None) -> None:
        """Before a resource is made or changed."""
        self._add(
            {
                "event": "intend",
                "run": self.runs[-1].id,
                "key": resource.key,
                "parent": resource.parent,
                "needs": sorted(needs),
                "properties": redacted(plain(resource.properties)),
                "before": None if before is None else redacted(plain(before)),
            }
        )

    def done(self, key: str, properties: Properties) -> None:
        """Once the target shows what was asked for."""
        self._add({"event": "done", "run": self.runs[-1].id, "key": key, "fingerprint": fingerprint(properties)})

    def refused(self, key: str, error: str) -> None:
        """Where the target refused to make a resource."""
        self._add({"event": "refused", "run": self.runs[-1].id, "key": key, "error": redacted(error)})

    def finish(self) -> None:
        """At the end of an apply."""
        self._add({"event": "finish", "run": self.runs[-1].id})

    def roll_back(self, run: Run) -> None:
        """Before a run is rolled back."""
        self._add({"event": "roll back", "run": run.id})

    def undone(self, run: Run, key: str, properties: Properties | None) -> None:
        """Once a resource is as it was before a run; `properties` are those it has now."""
        mark = None if properties is None else fingerprint(properties)
        self._add({"event": "undone", "run": run.id, "key": key, "fingerprint": mark})

    def rolled_back(self, run: Run) -> None:
        """At the end of a rollback."""
        self._add({"event": "rolled back", "run": run.id})

    def _add(self, record: dict[str, Any]) -> None:
        if self._descriptor is None:
            raise RuntimeError("the journal is not open")
        line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **record}) + "\n"
        with self._write_lock:
            os.write(self._descriptor, line.encode())
            os.fsync(self._descriptor)
            self._take(record)

    def _records(self) -> Iterator[dict[str, Any]]:
        try:
            content = self.file.read_text()
        except FileNotFoundError:
            return
        whole, _, _ = content.rpartition("\n")
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                yield json.loads(line)
            except ValueError:
                raise PromoteError(
                    f"{self.file}:{number}: this line is no JSON",
                    "The journal was edited, or its disk is damaged. Restore the line, or move the file away: then what"
                    " promotion made can't be rolled back any more.",
                ) from None

    def _take(self, record: dict[str, Any]) -> None:
        event, identity = record["event"], record["run"]
        if event == "begin":
            self.runs.append(Run(identity))
            return
        run = next(one for one in self.runs if one.id == identity)
        key = record.get("key", "")
        match event:
            case "intend":
                self._intend(run, key, record)
            case "done":
                run.changes[key].done, run.changes[key].refused = True, False
                self._prints[key] = record["fingerprint"]
            case "refused":
                run.changes[key].refused = True
                if run.changes[key].before is None:
                    self._owned.discard(key)
            case "undone":
                self._undone(run.changes[key], key, record["fingerprint"])
            case "finish":
                run.finished = True
            case "roll back":
                run.rolling_back = True
            case "rolled back":
                run.rolled_back = True
            case _:
                raise PromoteError(f"{self.file}: unknown event {event!r}", "A newer obsiverse wrote it: use that.")

    def _intend(self, run: Run, key: str, record: dict[str, Any]) -> None:
        kind, _, name = key.partition("/")
        earlier = run.changes.get(key)
        # What was before a run is what its first try found; unless nothing came of that.
        before = record["before"] if earlier is None or earlier.refused else earlier.before
        resource = Resource(kind, name, record["properties"], record["parent"])
        run.changes[key] = Change(resource, frozenset(record["needs"]), before)
        if before is None:
            self._owned.add(key)

    def _undone(self, change: Change, key: str, mark: str | None) -> None:
        change.undone = True
        self._prints.pop(key, None)
        if mark is not None:
            self._prints[key] = mark
        if change.before is None:
            self._owned.discard(key)


def fingerprint(properties: Properties) -> str:
    """A short name of properties: the same for the same."""
    return hashlib.sha256(json.dumps(plain(properties), sort_keys=True, default=str).encode()).hexdigest()[:16]
