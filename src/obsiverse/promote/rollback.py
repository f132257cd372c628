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
        run: which apply is taken back.
        deletes: keys of what that made.
        restores: keys of what that changed.
    """

    run: Run
    deletes: tuple[str, ...]
    restores: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {"run": self.run.id, "delete": list(self.deletes), "restore": list(self.restores)}


def undo_of(journal: Journal) -> Undo | None:
    """What a rollback of the last apply does; None where there is nothing to take back."""
    for run in journal.undoable():
        open_ = {key: change for key, change in run.changes.items() if _counts(change)}
        deletes = tuple(key for key, change in open_.items() if change.before is None)
        return Undo(run, deletes, tuple(key for key in open_ if key not in deletes))
    return None


def _counts(change: Change) -> bool:
    return not change.undone and not (change.refused and change.before is None)


def roll_back(undo: Undo, kinds: Mapping[str, Kind], place: Place, journal: Journal, report: Report) -> list[str]:
    """Take an apply back; the keys of what was undone.

    Raises:
        Stopped: at the first error; the next rollback goes on from there.
    """
    place.identity()
    journal.roll_back(undo.run)
    keys = [*undo.deletes, *undo.restores]
    changes = undo.run.changes
    # What needed another goes first.
    needs = {key: frozenset(one for one in keys if key in changes[one].needs) for key in keys}

    def back(key: str) -> None:
        change = changes[key]
        kind = kinds.get(change.resource.kind)
        if kind is None:
            raise PromoteError(f"nothing here knows {change.resource.kind}", "Use the obsiverse that applied it.")
        if change.before is None:
            report(key, "delete", "")
            _delete(kind, place, change.resource)
            journal.undone(undo.run, key, None)
        else:
            report(key, "restore", "")
            journal.undone(undo.run, key, _restored(kind, place, change))
        report(key, "done", "")

    walked = walk(needs, back)
    if walked.failed:
        key, error = walked.failed
        report(key, "failed", "")
        reason = explained(error, f"rolling back {key}", place.target)
        hint = f"{reason.hint}\nRoll back again: it goes on from here.".strip()
        raise Stopped(reason.message, hint, walked.done, walked.left) from error
    journal.rolled_back(undo.run)
    return walked.done


def _delete(kind: Kind, place: Place, resource: Resource) -> None:
    try:
        found = kind.read(place, resource)
    except Exception as error:
        # What it was in is gone.
        if is_missing(error):
            return
        raise
    if found is not None and found.ours is False:
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
