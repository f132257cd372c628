"""What would change: old and new, by path."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from obsiverse.promote.redaction import redacted
from obsiverse.promote.resource import Unknown, plain


class Absent:
    """The value of what one side does not have."""

    def __repr__(self) -> str:
        return "(not there)"


ABSENT = Absent()


@dataclass(frozen=True)
class Difference:
    """One value that differs.

    Attributes:
        path: of members and positions, with dots.
        old: in the target; ABSENT where it has none.
        new: what it should be.
    """

    path: str
    old: Any
    new: Any

    def to_json(self) -> dict[str, Any]:
        """For --json: a side that is not there is left out."""
        name = self.path.rpartition(".")[2]
        sides = {"old": self.old, "new": self.new}
        return {
            "path": self.path,
            **{side: redacted(plain(value), name) for side, value in sides.items() if value is not ABSENT},
        }

    def lines(self) -> list[str]:
        """A unified diff, where both are texts of several lines; else old and new."""
        shown = self.to_json()
        old, new = shown.get("old", "(not there)"), shown.get("new", "(not there)")
        if isinstance(old, str) and isinstance(new, str) and ("\n" in old or "\n" in new):
            compared = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=2)
            return [line for line in compared if not line.startswith(("---", "+++"))]
        return [f"- {old}", f"+ {new}"]


def differences(old: Any, new: Any, path: str = "") -> Iterator[Difference]:
    """What differs between the properties in a target and those that it should have."""
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast(dict[str, Any], old), cast(dict[str, Any], new)
        for key in sorted({*before, *after}):
            inner = f"{path}.{key}" if path else key
            yield from differences(before.get(key, ABSENT), after.get(key, ABSENT), inner)
    elif isinstance(old, list) and isinstance(new, list):
        left, right = cast(list[Any], old), cast(list[Any], new)
        for index in range(max(len(left), len(right))):
            sides = (side[index] if index < len(side) else ABSENT for side in (left, right))
            yield from differences(*sides, path=f"{path}.{index}")
    elif isinstance(new, Unknown) or not _same(old, new):
        yield Difference(path, old, new)


def _same(old: Any, new: Any) -> bool:
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (old, new))
    return old == new and (numbers or type(old) is type(new))
