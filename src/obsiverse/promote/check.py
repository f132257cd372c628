"""The seam of `verify`: a check."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar

from obsiverse.promote.faults import explained
from obsiverse.promote.plan import Plan
from obsiverse.promote.session import Session


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Result:
    """What a check found.

    Attributes:
        subject: what was looked at.
        detail: what was seen, or why not.
    """

    subject: str
    outcome: Outcome
    detail: str

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


class Check(ABC):
    """Something that must hold of a target that was applied to."""

    name: ClassVar[str]

    @abstractmethod
    def run(self, session: Session, plan: Plan) -> Iterator[Result]:
        """Results as they come. An exception is a failure of the check."""


def verify(checks: Mapping[str, Check], session: Session, plan: Plan) -> Iterator[Result]:
    """Run checks against what is there; none ends the others."""
    for name, check in checks.items():
        try:
            yield from check.run(session, plan)
        except Exception as error:  # noqa: BLE001 - the others go on
            reason = explained(error, name, session.place.target)
            yield Result(name, Outcome.FAILED, f"{reason.message} {reason.hint}".strip())


def passed(subject: str, detail: str) -> Result:
    """It holds."""
    return Result(subject, Outcome.PASSED, detail)


def failed(subject: str, detail: str) -> Result:
    """It does not."""
    return Result(subject, Outcome.FAILED, detail)


def skipped(subject: str, detail: str) -> Result:
    """It can't be told."""
    return Result(subject, Outcome.SKIPPED, detail)


def attributes(plan: Plan, kind: str) -> Mapping[str, str] | None:
    """What the first resource of a kind has in the target; None where it is not there."""
    for step in plan.steps.values():
        if step.resource.kind == kind and step.found is not None:
            return step.found.attributes
    return None
