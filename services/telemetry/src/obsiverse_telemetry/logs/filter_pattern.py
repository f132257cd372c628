"""Filter patterns: terms, JSON selectors and space-delimited fields.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, Protocol

from obsiverse_telemetry.logs.errors import InvalidParameterException
from obsiverse_telemetry.logs.fields_pattern import FieldsPattern
from obsiverse_telemetry.logs.json_pattern import JsonCondition, parse_condition
from obsiverse_telemetry.logs.tokens import PatternError

LENGTH_MAX = 1024
_TERM = re.compile(r'\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|([^\s"%]+))(?=\s|$)')


class Pattern(Protocol):
    """What events are chosen by."""

    def matches(self, message: str) -> bool:
        """Whether an event is chosen."""
        ...

    def extract(self, message: str) -> dict[str, str]:
        """The fields that the pattern names, as a metric filter's value may."""
        ...


class TermsPattern:
    """All of some terms, none of others, or any of those with a question mark where there are only such."""

    def __init__(self, text: str) -> None:
        self._terms: dict[str, list[re.Pattern[str]]] = {"": [], "-": [], "?": []}
        at = 0
        while text[at:].strip():
            found = _TERM.match(text, at)
            if found is None:
                raise PatternError("a term", at)
            sign, quoted, expression, bare = found.groups()
            if expression is not None:
                try:
                    term = re.compile(expression)
                except re.error as error:
                    raise PatternError(f"a regular expression ({error})", at) from None
            else:
                term = re.compile(re.escape(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare))
            self._terms[sign].append(term)
            at = found.end()

    def matches(self, message: str) -> bool:
        """See `Pattern`."""
        needed, excluded, optional = self._terms[""], self._terms["-"], self._terms["?"]
        if any(term.search(message) for term in excluded) or not all(term.search(message) for term in needed):
            return False
        # AWS disregards optional terms beside others.
        return bool(needed or excluded or not optional) or any(term.search(message) for term in optional)

    def extract(self, message: str) -> dict[str, str]:
        """Nothing: terms have no names."""
        return {}


class JsonPattern:
    """A condition on a message that is a JSON object."""

    def __init__(self, text: str) -> None:
        self._condition: JsonCondition = parse_condition(text)

    def matches(self, message: str) -> bool:
        """See `Pattern`."""
        document = _document(message)
        return document is not None and self._condition.holds(document)

    def extract(self, message: str) -> dict[str, str]:
        """Selector by selector."""
        document = _document(message)
        values = {} if document is None else {one.text: one.find(document) for one in self._condition.selectors()}
        return {name: _shown(found[0]) for name, found in values.items() if found}


def _document(message: str) -> dict[str, Any] | None:
    if not message.lstrip().startswith("{"):
        return None
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@lru_cache(maxsize=256)
def parse(text: str) -> Pattern:
    """A pattern; raises InvalidParameterException, with the place of what is wrong."""
    stripped = text.strip()
    if len(text) > LENGTH_MAX:
        raise InvalidParameterException(f"A filter pattern has at most {LENGTH_MAX} characters.")
    try:
        if stripped.startswith("{"):
            return JsonPattern(stripped)
        if stripped.startswith("["):
            return FieldsPattern(stripped)
        return TermsPattern(stripped)
    except (PatternError, RecursionError) as error:
        raise InvalidParameterException(f"Invalid filter pattern: {error}") from None
