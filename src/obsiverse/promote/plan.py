"""What an apply would do: what a target should have, against what it has. Nothing is written to the target for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from obsiverse.promote.difference import Difference, differences
from obsiverse.promote.errors import PromoteError
from obsiverse.promote.faults import explained
from obsiverse.promote.journal import Journal, fingerprint
from obsiverse.promote.kind import Kind
from obsiverse.promote.order import WORKERS, walk
from obsiverse.promote.place import Place
from obsiverse.promote.prices import Prices
from obsiverse.promote.redaction import redacted
from obsiverse.promote.resource import Found, Resource, plain
from obsiverse.promote.source import Source


class Action(StrEnum):
    """What an apply does with a resource."""

    CREATE = "create"
    CHANGE = "change"
    WAIT = "wait"
    """It is as it should be, and not in force yet."""
    KEEP = "keep"
    USE = "use"
    """Somebody else's, and used as it is."""
    TAKEN = "taken"
    """Somebody else's, where ours should be."""


CHANGES = frozenset({Action.CREATE, Action.CHANGE, Action.WAIT})


@dataclass(frozen=True)
class Step:
    """One resource of a plan.

    Attributes:
        resource: with references.
        resolved: with what is known put in.
        found: what the target has; None for nothing.
        note: what to know of it.
        cost: dollars an hour.
    """

    resource: Resource
    resolved: Resource
    found: Found | None
    action: Action
    differences: tuple[Difference, ...] = ()
    note: str = ""
    cost: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        shown: dict[str, Any] = {"key": self.resource.key, "action": self.action.value}
        if self.action is Action.CREATE:
            shown["properties"] = redacted(plain(self.resolved.properties))
        if self.differences:
            shown["differences"] = [one.to_json() for one in self.differences]
        if self.note:
            shown["note"] = self.note
        if self.cost:
            shown["usd_per_hour"] = round(self.cost, 4)
        return shown


@dataclass(frozen=True)
class Plan:
    """What an apply would do.

    Attributes:
        steps: by key, in the order in which kinds gave them.
        others: what is in the target beside them; it is left alone.
        unpriced: instance types that the price table does not have.
    """

    target: str
    account: str
    region: str
    steps: Mapping[str, Step]
    others: Sequence[str] = ()
    unpriced: Sequence[str] = field(default_factory=tuple)

    @property
    def changes(self) -> list[Step]:
        """What would be done."""
        return [step for step in self.steps.values() if step.action in CHANGES]

    @property
    def taken(self) -> list[Step]:
        """What is in the way."""
        return [step for step in self.steps.values() if step.action is Action.TAKEN]

    @property
    def cost(self) -> float:
        """Dollars an hour at list prices of what is priced by the hour."""
        return sum(step.cost for step in self.steps.values())

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        counts = {action.value: 0 for action in Action}
        for step in self.steps.values():
            counts[step.action.value] += 1
        return {
            "target": self.target,
            "account": self.account,
            "region": self.region,
            "changes": bool(self.changes),
            "counts": counts,
            "steps": [step.to_json() for step in self.steps.values()],
            "others": list(self.others),
            "cost": {
                "usd_per_hour": round(self.cost, 4),
                "basis": "list prices of prometheus/rules/cost.yml, by the hour only; not a bill",
                "unpriced": list(self.unpriced),
            },
        }


def desired(kinds: Mapping[str, Kind], source: Source) -> dict[str, Resource]:
    """What a target should have, by key. Raises PromoteError."""

    def of(kind: Kind) -> list[Resource]:
        try:
            return list(kind.desired(source))
        except Exception as error:
            raise explained(error, f"what {kind.name} there should be", source.local.target) from error

    # Side by side: most of it is waiting for this machine's APIs.
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="desired") as pool:
        resources = {resource.key: resource for found in pool.map(of, kinds.values()) for resource in found}
    for resource in resources.values():
        if lost := resource.needs - resources.keys():
            raise PromoteError(f"{resource.key} needs {', '.join(sorted(lost))}, which nothing makes")
    return resources


def make_plan(
    kinds: Mapping[str, Kind], resources: Mapping[str, Resource], place: Place, journal: Journal, prices: Prices
) -> Plan:
    """Compare what should be with what is there.

    Raises:
        PromoteError: the target can't be read; WrongAccount before anything is.
    """
    attributes: dict[str, Mapping[str, str]] = {}
    steps: dict[str, Step] = {}

    def read(key: str) -> None:
        resource = resources[key]
        kind, resolved = kinds[resource.kind], resource.resolved(attributes)
        absent = resource.parent is not None and steps[resource.parent].found is None
        found = None if absent else kind.read(place, resolved)
        if found is not None:
            attributes[key] = found.attributes
        remark = kind.remark(place, resolved) if found is None else found.note
        steps[key] = _step(kind, resource, resolved, found, remark, journal, prices)

    walked = walk({key: resource.needs for key, resource in resources.items()}, read, place.interrupt)
    if walked.failed:
        key, error = walked.failed
        raise explained(error, f"reading {key}", place.target) from error
    return Plan(
        place.target.name,
        place.account,
        place.region,
        {key: steps[key] for key in resources},
        _others(kinds, steps, place),
        sorted(prices.unknown),
    )


def _step(
    kind: Kind,
    resource: Resource,
    resolved: Resource,
    found: Found | None,
    remark: str,
    journal: Journal,
    prices: Prices,
) -> Step:
    cost = kind.cost(resolved, prices)
    if found is None:
        return Step(resource, resolved, None, Action.CREATE, note=remark, cost=cost)
    theirs = found.ours is False and not journal.owns(resource.key)
    if theirs:
        action = Action.USE if kind.shared else Action.TAKEN
        note = "not ours: used as it is" if kind.shared else "there is one that promotion did not make"
        return Step(resource, resolved, found, action, note=remark or note, cost=cost)
    differing = tuple(differences(found.properties, resolved.properties))
    if not differing:
        return Step(resource, resolved, found, Action.KEEP if found.ready else Action.WAIT, note=remark, cost=cost)
    last = journal.fingerprint(resource.key)
    edited = last is not None and last != fingerprint(found.properties)
    notes = [remark, "changed in the target since it was applied" if edited else ""]
    note = "; ".join(one for one in notes if one)
    return Step(resource, resolved, found, Action.CHANGE, differing, note, cost)


def _others(kinds: Mapping[str, Kind], steps: Mapping[str, Step], place: Place) -> list[str]:
    def of(kind: Kind) -> list[str]:
        there = [step.resolved for step in steps.values() if step.resource.kind == kind.name]
        if any(steps[one.parent].found is None for one in there if one.parent):
            return []
        try:
            return [f"{kind.name}/{other}" for other in kind.others(place, there)]
        except Exception as error:
            raise explained(error, f"reading other {kind.name}", place.target) from error

    with ThreadPoolExecutor(WORKERS, thread_name_prefix="others") as pool:
        return sorted(other for found in pool.map(of, kinds.values()) for other in found)
