"""What a target should have, as data: resources, and references between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

Properties = dict[str, Any]
"""What JSON can hold, and in what is desired also Ref."""
Attributes = Mapping[str, Mapping[str, str]]
"""What resources have got from the target (ids, addresses), by key."""


@dataclass(frozen=True)
class Ref:
    """An attribute of another resource, known once that is there.

    Attributes:
        of: key of the other resource.
        attribute: its name among those that the other's kind reads.
        text: where it stands in, as `{}`.
    """

    of: str
    attribute: str
    text: str = "{}"

    def __str__(self) -> str:
        return self.text.replace("{}", f"${{{self.of}.{self.attribute}}}")


@dataclass(frozen=True)
class Unknown:
    """What stands in the place of a reference to something that is not there yet."""

    ref: Ref

    def __str__(self) -> str:
        return f"(known after apply: {self.ref})"


@dataclass(frozen=True)
class Resource:
    """One thing that a target should have.

    Attributes:
        kind: name of its kind.
        name: unique in its kind, and the same in every plan.
        properties: what it should be like.
        parent: key of what it is inside of; it can't be there without.
        after: keys of what must be there first, beyond parent and references.
    """

    kind: str
    name: str
    properties: Properties
    parent: str | None = None
    after: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """What it is called everywhere: `KIND/NAME`."""
        return f"{self.kind}/{self.name}"

    @property
    def needs(self) -> frozenset[str]:
        """Keys of what must be there first."""
        parents = {self.parent} if self.parent else set[str]()
        return frozenset(self.after | parents | {ref.of for ref in references(self.properties)})

    def resolved(self, attributes: Attributes) -> Resource:
        """The same with references put in: Unknown where the other is not there."""
        return Resource(self.kind, self.name, cast(Properties, _resolve(self.properties, attributes)), self.parent)


@dataclass(frozen=True)
class Found:
    """A resource as it is in the target.

    Attributes:
        properties: in the same shape as in Resource.
        attributes: what others can refer to.
        ours: whether promotion made it, as far as the target tells (by a tag); None where it can't.
        ready: whether it is in force: not while it is CREATING and the like.
        note: what the plan should tell of it.
    """

    properties: Properties
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    ours: bool | None = None
    ready: bool = True
    note: str = ""


def references(value: Any) -> Iterator[Ref]:
    """The references in properties."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, dict):
        for one in cast(dict[str, Any], value).values():
            yield from references(one)
    elif isinstance(value, list):
        for one in cast(list[Any], value):
            yield from references(one)


def unknowns(value: Any) -> list[Unknown]:
    """What is not known yet in resolved properties."""
    if isinstance(value, Unknown):
        return [value]
    if isinstance(value, dict):
        return [found for one in cast(dict[str, Any], value).values() for found in unknowns(one)]
    if isinstance(value, list):
        return [found for one in cast(list[Any], value) for found in unknowns(one)]
    return []


def plain(value: Any) -> Any:
    """Properties as JSON can hold them."""
    if isinstance(value, Ref | Unknown):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in cast(dict[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in cast(list[Any], value)]
    return value


def _resolve(value: Any, attributes: Attributes) -> Any:
    if isinstance(value, Ref):
        known = attributes.get(value.of, {}).get(value.attribute)
        return Unknown(value) if known is None else value.text.replace("{}", known)
    if isinstance(value, dict):
        return {key: _resolve(one, attributes) for key, one in cast(dict[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_resolve(one, attributes) for one in cast(list[Any], value)]
    return value
