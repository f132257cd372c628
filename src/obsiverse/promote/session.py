"""A promotion as a whole: the target's file, this machine, the kinds and the journal, put together."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.journal import Journal
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import all_kinds
from obsiverse.promote.place import Place
from obsiverse.promote.plan import Plan, desired, make_plan
from obsiverse.promote.prices import Prices
from obsiverse.promote.resource import Resource
from obsiverse.promote.source import Source
from obsiverse.targets import find_target, load_target

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Session:
    """What the commands work with.

    Attributes:
        place: the target.
        journal: beside its file.
    """

    source: Source
    place: Place
    journal: Journal
    kinds: Mapping[str, Kind]
    prices: Prices

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """What the target should have."""
        return desired(self.kinds, self.source)

    def plan(self) -> Plan:
        """Compare; see make_plan."""
        self.place.identity()
        return make_plan(self.kinds, self.resources, self.place, self.journal, self.prices)


@contextlib.contextmanager
def open_session(
    name: str | Path, environment: Mapping[str, str], local: Mapping[str, str], root: Path = ROOT
) -> Generator[Session]:
    """A promotion to a target.

    Args:
        name: of the target, or its file.
        environment: for the variables in its file.
        local: for those in targets/local.yaml: where this machine's stack is.

    Raises:
        TargetError: a file is wrong.
        PromoteError: it has no `promote`, or is this machine itself.
    """
    file = find_target(name)
    target = load_target(file, environment)
    if target.promote is None:
        raise PromoteError(
            f"target {target.name} takes no promotion", f"Add `promote: {{}}` to {file} (see targets/aws.example.yaml)."
        )
    here = load_target("local", local)
    if (here.account, here.region, here.endpoints.aws) == (target.account, target.region, target.endpoints.aws):
        raise PromoteError(
            f"target {target.name} is this machine's own account and region", "Promote to another account or region."
        )
    with Place(here) as origin, Place(target, origin) as place:
        yield Session(
            source=Source(root, target, origin, file.resolve().parent),
            place=place,
            journal=Journal(file.with_suffix(".journal.jsonl")),
            kinds=all_kinds(),
            prices=Prices.read(root / "prometheus" / "rules" / "cost.yml"),
        )
