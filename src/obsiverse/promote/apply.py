"""Bringing a target to what it should be: in order, side by side, to be gone on with after a crash."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from obsiverse.promote.difference import differences
from obsiverse.promote.errors import GrafanaRefused, NameTaken, NotInTime, PromoteError, Stopped
from obsiverse.promote.faults import explained, status_of
from obsiverse.promote.journal import Journal
from obsiverse.promote.kind import Kind
from obsiverse.promote.order import walk
from obsiverse.promote.place import Place
from obsiverse.promote.plan import CHANGES, Action, Plan, Step
from obsiverse.promote.resource import Found, Resource

Report = Callable[[str, str, str], None]
"""Told of a resource's key, what happens to it (`create`, `ready`, `failed`, …), and more."""


def apply(plan: Plan, kinds: Mapping[str, Kind], place: Place, journal: Journal, report: Report) -> list[str]:
    """Do what a plan says; the keys of what was done.

    Raises:
        NameTaken: something of others is in the way; nothing was done.
        Stopped: at the first real error.
    """
    if plan.taken:
        keys = ", ".join(step.resource.key for step in plan.taken)
        raise NameTaken(
            f"already there, and not made by promotion: {keys}",
            "Choose another promote.name in the target's file, or delete or rename what is there. Nothing was done.",
        )
    if not plan.changes:
        # One that was killed after its last step is at its end now.
        if journal.open_run is not None:
            journal.finish()
        return []
    work = _Work(plan, kinds, place, journal, report)
    place.identity()
    journal.begin(plan.account, plan.region)
    walked = walk({key: step.resource.needs for key, step in plan.steps.items()}, work.do, place.interrupt)
    done = [key for key in walked.done if plan.steps[key].action in CHANGES]
    if walked.failed:
        key, error = walked.failed
        report(key, "failed", "")
        reason = explained(error, f"{plan.steps[key].action} {key}", place.target)
        left = [one for one in walked.left if plan.steps[one].action in CHANGES]
        hint = "Apply again: it goes on from here. Or `obsiverse promote rollback`: it undoes what was done."
        raise Stopped(reason.message, f"{reason.hint}\n{hint}".strip(), done, left) from error
    journal.finish()
    return done


CONFIRM_SECONDS = 10
"""For which the target may show what was before."""


class _Work:
    def __init__(self, plan: Plan, kinds: Mapping[str, Kind], place: Place, journal: Journal, report: Report) -> None:
        self._plan, self._kinds, self._place, self._journal, self._report = plan, kinds, place, journal, report
        self._attributes: dict[str, Mapping[str, str]] = {
            key: step.found.attributes for key, step in plan.steps.items() if step.found
        }

    def do(self, key: str) -> None:
        """One step."""
        step = self._plan.steps[key]
        if step.action not in CHANGES:
            return
        self._report(key, step.action.value, "")
        kind, resource = self._kinds[step.resource.kind], step.resource.resolved(self._attributes)
        if step.action is not Action.WAIT:
            before = step.found.properties if step.found else None
            self._journal.intend(resource, step.resource.needs, before)
            self._write(kind, resource, step)
        kind.wait(self._place, resource)
        found = self._confirmed(kind, resource)
        self._attributes[key] = found.attributes
        if step.action is not Action.WAIT or self._journal.owns(key):
            self._settle(key, found)
        self._report(key, "ready", "")

    def _settle(self, key: str, found: Found) -> None:
        run = self._journal.runs[-1]
        if key in run.changes:
            self._journal.done(key, found.properties)

    def _write(self, kind: Kind, resource: Resource, step: Step) -> None:
        try:
            if step.found is None:
                kind.create(self._place, resource)
            else:
                kind.change(self._place, resource, step.found)
        except Exception as error:
            found = self._left_behind(kind, resource)
            if found is None or (found.ours is False and not kind.marked_late):
                if _is_refusal(error):
                    self._journal.refused(resource.key, str(error))
                raise
            # It is there: the answer to an earlier try was lost, or a part is missing.
            if differs(found, resource):
                self._complete(kind, resource, found, error)

    def _left_behind(self, kind: Kind, resource: Resource) -> Found | None:
        """What is there after an error."""
        try:
            return kind.read(self._place, resource)
        except Exception:  # noqa: BLE001 - the first error is the one to tell of
            return None

    def _complete(self, kind: Kind, resource: Resource, found: Found, error: Exception) -> None:
        """Bring to its end what an error cut off; raises that error where it can't be."""
        try:
            kind.change(self._place, resource, found)
        except Exception:  # noqa: BLE001 - the first error is the one to tell of
            raise error from None

    def _confirmed(self, kind: Kind, resource: Resource) -> Found:
        """The resource as the target shows it, which some services do a little later than they say."""
        last: list[Found | None] = []

        def shown() -> bool:
            last[:] = [kind.read(self._place, resource)]
            return last[0] is not None and not differs(last[0], resource)

        with contextlib.suppress(NotInTime):
            self._place.wait(shown, resource.key, CONFIRM_SECONDS)
        found = last[0]
        if found is None:
            raise PromoteError(f"{resource.key} was made, and is not there", "Somebody deletes it: see CloudTrail.")
        if left := [one.path for one in differences(found.properties, resource.properties)]:
            # Not an end: what comes after does not depend on it, and the next plan shows it.
            self._report(resource.key, "differs", f"the target shows another {', '.join(left[:3])} than it was given")
        return found


def differs(found: Found, resource: Resource) -> bool:
    """Whether what is there is not what it should be."""
    return any(True for _ in differences(found.properties, resource.properties))


def _is_refusal(error: Exception) -> bool:
    """Whether the target answered that it did nothing, as opposed to an answer that never came."""
    if isinstance(error, GrafanaRefused):
        return 400 <= error.status < 500
    return 400 <= status_of(error) < 500
