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
        on_default: told the name and the written default of each `${NAME:-default}`, used or not.
    """

    values: Mapping[str, str]
    warnings: list[str] = field(default_factory=list[str])
    on_default: Callable[[str, str], None] | None = None

    def expand(self, text: str, where: Where, key: str = "") -> str:
        """The text with its variables replaced.

        Raises:
            ComposeError: a `${` has no end, names nothing, or a required variable is not set.
        """
        if "$" not in text:
            return text
        parts: list[str] = []
        at = 0
        while (dollar := text.find("$", at)) >= 0:
            parts.append(text[at:dollar])
            after = text[dollar + 1 : dollar + 2]
            if after == "$":
                parts.append("$")
                at = dollar + 2
            elif after == "{":
                end = _closing(text, dollar + 2)
                if end < 0:
                    raise ComposeError(f"{text[dollar:]!r} has no closing brace", where, key)
                parts.append(self._braced(text[dollar + 2 : end], where, key))
                at = end + 1
            elif found := NAME.match(text, dollar + 1):
                parts.append(self._value(found.group(), where))
                at = found.end()
            else:
                raise ComposeError(f"the $ in {text!r} begins no variable; write $$ for a dollar", where, key)
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
            raise ComposeError(f"${{{body}}} is not understood after {name}", where, key)
        word = rest[len(operator) :]
        value = self.values.get(name)
        present = value is not None and (value != "" or not operator.startswith(":"))
        kind = operator[-1]
        if kind == "-" and self.on_default is not None:
            self.on_default(name, word)
        if kind == "+":
            return self.expand(word, where, key) if present else ""
        if present and value is not None:
            return value
        if kind == "?":
            raise ComposeError(
                f"the variable {name} is required: {self.expand(word, where, key) or 'set it'}", where, key
            )
        return self.expand(word, where, key)

    def _value(self, name: str, where: Where) -> str:
        value = self.values.get(name)
        if value is None:
            self.warnings.append(f"{where}: the variable {name} is not set; it is taken as empty")
            return ""
        return value


def _closing(text: str, start: int) -> int:
    depth, at = 1, start
    while at < len(text):
        if text.startswith("$$", at):
            at += 2
            continue
        if text.startswith("${", at):
            depth += 1
            at += 2
            continue
        if text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return -1
