"""Whether policies allow an action.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Statement:
    """A statement of a policy, and the name of that."""

    policy: str
    content: dict[str, Any]

    def applies(self, action: str, resource: str) -> bool:
        """Whether it speaks of an action on a resource; never where it has a condition, whose context is not known."""
        return (
            "Condition" not in self.content
            and self._member("Action", action.lower(), lower=True)
            and self._member("Resource", resource, lower=False)
        )

    def _member(self, name: str, value: str, *, lower: bool) -> bool:
        patterns = _texts(self.content.get(name)) or _texts(self.content.get(f"Not{name}"))
        found = any(_matches(one.lower() if lower else one, value) for one in patterns)
        return found if name in self.content else bool(patterns) and not found


@dataclass(frozen=True)
class Decision:
    """AWS's word for what policies say of an action, and the policies whose statements settled it."""

    word: str
    policies: list[str]


def statements(policy: str, document: str | dict[str, Any]) -> list[Statement]:
    """The statements of a policy, of which a policy with one need not make a list."""
    parsed: Any = json.loads(document) if isinstance(document, str) else document
    found = parsed.get("Statement", [])
    return [Statement(policy, one) for one in (found if isinstance(found, list) else [found])]


def decide(every: Iterable[Statement], action: str, resource: str) -> Decision:
    """What statements together say of an action on a resource: one that denies outweighs all that allow."""
    matching = [one for one in every if one.applies(action, resource)]
    for effect, word in (("Deny", "explicitDeny"), ("Allow", "allowed")):
        if settled := [one.policy for one in matching if one.content.get("Effect") == effect]:
            return Decision(word, list(dict.fromkeys(settled)))
    return Decision("implicitDeny", [])


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _matches(pattern: str, value: str) -> bool:
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(regex, value, re.DOTALL) is not None
