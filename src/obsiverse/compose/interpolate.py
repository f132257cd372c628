"""Variables in a Compose file: `$V ${V} ${V:-d} ${V-d} ${V:?msg} ${V?msg} ${V:+x} ${V+x}`, nested, and `$$`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from obsiverse.compose.errors import ComposeError, Where

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OPERATORS = (":-", ":?", ":+", "-", "?", "+")


@dataclass
class Variables:
    """What variables stand for.

    Attributes:
        values: by name.
        warnings: grows by one for each variable that is not set and has no default.
        on_default: told the name, the default and the place of each `${NAME:-default}` whose default is taken.
    """

    values: Mapping[str, str]
    warnings: list[str] = field(default_factory=list[str])
    on_default: Callable[[str, str, Where], None] | None = None

    def expand(self, text: str, where: Where, key: str = "") -> str:
        """The text with its variables replaced. A dollar that begins no variable stays, as in Compose.

        Raises:
            ComposeError: a `${` has no end or names nothing, or a required variable is not set.
        """
        if "$" not in text:
            return text
        parts: list[str] = []
        at = 0
        while (dollar := text.find("$", at)) >= 0:
            parts.append(text[at:dollar])
            after = text[dollar + 1 : dollar + 2]
            if after == "{":
                end = _closing(text, dollar + 1)
                if end < 0:
                    raise ComposeError(f"{text[dollar:]!r} has no closing brace; add it", where, key)
                parts.append(self._braced(text[dollar + 2 : end], where, key))
                at = end + 1
            elif found := NAME.match(text, dollar + 1):
                parts.append(self._value(found.group(), where))
                at = found.end()
            else:
                parts.append("$")
                at = dollar + (2 if after == "$" else 1)
        return "".join(parts) + text[at:]

    def _braced(self, body: str, where: Where, key: str) -> str:
        found = NAME.match(body)
        if found is None:
            raise ComposeError(f"${{{body}}} names no variable; write $$ for a dollar", where, key)
        name, rest = found.group(), body[found.end() :]
        if not rest:
            return self._value(name, where)
        operator = next((one for one in OPERATORS if rest.startswith(one)), None)
        if operator is None:
            raise ComposeError(
                f"${{{body}}} is not understood after {name}; known are {' '.join(OPERATORS)}", where, key
            )
        # Expanded even where it is not taken, as in Compose: what is required in it is required.
        word = self.expand(rest[len(operator) :], where, key)
        value = self.values.get(name)
        present = value is not None and (value != "" or not operator.startswith(":"))
        if operator.endswith("+"):
            return word if present else ""
        if present and value is not None:
            return value
        if operator.endswith("?"):
            raise ComposeError(f"the variable {name} is required: {word or 'set it'}", where, key)
        if self.on_default is not None:
            self.on_default(name, word, where)
        return word

    def _value(self, name: str, where: Where) -> str:
        value = self.values.get(name)
        if value is None:
            self.warnings.append(f"{where}: the variable {name} is not set; it is taken as empty")
            return ""
        return value


def _closing(text: str, opening: int) -> int:
    """Where the brace that stands at `opening` is closed, or -1; the last brace, as in Compose, where those between don't pair."""
    depth = 0
    for at in range(opening, len(text)):
        if text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
    return text.rfind("}", opening)
