"""Taking back what the journal says was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from obsiverse.promote.apply import Report
from obsiverse.promote.errors import PromoteError, Stopped
from obsiverse.promote.faults import explained, is_missing
from obsiverse.promote.journal import Change, Journal, Run
from obsiverse.promote.kind import Kind
from obsiverse.promote.order import walk
from obsiverse.promote.place import Place
from obsiverse.promote.redaction import has_hidden
from obsiverse.promote.resource import Resource


@dataclass(frozen=True)
class Undo:
    """What a rollback does.

    Attributes:
        runs: the applies that are taken back, the last one first.
        changes: by key; `before` is what was before the first of them.
    """

    runs: tuple[Run, ...]
    changes: Mapping[str, Change]

    @property
    def deletes(self) -> list[str]:
        """Keys of what was not there before."""
        return [key for key, change in self.changes.items() if change.before is None]

    @property
    def restores(self) -> list[str]:
        """Keys of what was otherwise before."""
        return [key for key, change in self.changes.items() if change.before is not None]

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {"runs": [run.id for run in self.runs], "delete": self.deletes, "restore": self.restores}


def undo_of(journal: Journal, everything: bool = False) -> Undo | None:
    """What a rollback of the last apply does, or of every one in one go; None where there is nothing to take back."""
    runs = journal.undoable()[: None if everything else 1]
    changes: dict[str, Change] = {}
    for run in runs:
        for key, change in run.changes.items():
            if change.undone or (change.refused and change.before is None):
                continue
            later = changes.get(key)
            newest = later or change
            done = newest.done or change.done
            changes[key] = Change(newest.resource, newest.needs | change.needs, change.before, done)
    return Undo(tuple(runs), changes) if runs else None


def roll_back(undo: Undo, kinds: Mapping[str, Kind], place: Place, journal: Journal, report: Report) -> list[str]:
    """Take applies back; the keys of what was undone.

    Raises:
        Stopped: at the first error; the next rollback goes on from there.
    """
    place.identity()
    for run in undo.runs:
        journal.roll_back(run)
    # What needed another goes first.
    needs = {key: frozenset(one for one, other in undo.changes.items() if key in other.needs) for key in undo.changes}

    def back(key: str) -> None:
        change = undo.changes[key]
        kind = kinds.get(change.resource.kind)
        if kind is None:
            raise PromoteError(f"nothing here knows {change.resource.kind}", "Use the obsiverse that applied it.")
        if change.before is None:
            report(key, "delete", "")
            _delete(kind, place, change)
            now = None
        else:
            report(key, "restore", "")
            now = _restored(kind, place, change)
        for run in undo.runs:
            if key in run.changes:
                journal.undone(run, key, now)
        report(key, "done", "")

    walked = walk(needs, back, place.interrupt)
    if walked.failed:
        key, error = walked.failed
        report(key, "failed", "")
        reason = explained(error, f"rolling back {key}", place.target)
        hint = f"{reason.hint}\nRoll back again: it goes on from here.".strip()
        raise Stopped(reason.message, hint, walked.done, walked.left) from error
    for run in undo.runs:
        journal.rolled_back(run)
    return walked.done


def _delete(kind: Kind, place: Place, change: Change) -> None:
    resource = change.resource
    try:
        found = kind.read(place, resource)
    except Exception as error:
        # What it was in is gone.
        if is_missing(error):
            return
        raise
    cut_off = kind.marked_late and not change.done
    if found is not None and found.ours is False and not cut_off:
        raise PromoteError(
            f"{resource.key} is not ours any more: somebody replaced it, or took its tag obsiverse:promoted away",
            "If it may go, delete it by hand.",
        )
    if found is not None:
        kind.delete(place, resource)


def _restored(kind: Kind, place: Place, change: Change) -> dict[str, Any]:
    before = change.before
    assert before is not None
    if has_hidden(before):
        raise PromoteError(
            f"{change.resource.key}: what was before had a secret in it, which the journal does not keep",
            "Restore it by hand.",
        )
    wanted = Resource(change.resource.kind, change.resource.name, before, change.resource.parent)
    found = kind.read(place, wanted)
    if found is None:
        kind.create(place, wanted)
    elif found.properties != before:
        kind.change(place, wanted, found)
    kind.wait(place, wanted)
    return before
