"""SEARCH: which metrics a search expression finds.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from obsiverse_aws.cloudwatch.expression import ExpressionError

MOST_SERIES = 500
"""As many as AWS shows of one search."""
LONGEST = 1024
DEEPEST = 50
TOKEN = re.compile(r'\s*,?\s*(?:"(?P<text>(?:\\.|[^"\\])*)"|(?P<sign>[()=])|(?P<word>[^\s()="{},]+))', re.DOTALL)
SCHEMA = re.compile(r'\s*\{(?P<names>(?:"(?:\\.|[^"\\])*"|[^"{}])*)\}')
NAME = re.compile(r'\s*(?:"(?P<text>(?:\\.|[^"\\])*)"|(?P<word>[^",]*[^",\s]))\s*(?:,|$)')
# CPUUtilization is found by cpu, by utilization and by itself.
PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class Found:
    """A metric as a search sees it."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]

    def texts(self, field: str | None) -> Iterator[str]:
        """What a term is looked for in: one field's text, or all that a metric has."""
        if field is None:
            yield from (self.namespace, self.name, *self.dimensions, *self.dimensions.values())
        elif field == "MetricName":
            yield self.name
        elif field == "Namespace":
            yield self.namespace
        elif field in self.dimensions:
            yield self.dimensions[field]


Test = Callable[[Found], bool]


@lru_cache(maxsize=256)
def matcher(text: str) -> Test:
    """Whether a search finds a metric.

    Raises ExpressionError where the search can't be read.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"A search is at most {LONGEST} characters long")
    schema = SCHEMA.match(text)
    tests = [_schema(schema["names"])] if schema else []
    terms = _Terms(text[schema.end() :] if schema else text)
    if not terms.at_end():
        tests.append(terms.whole())
    if not tests:
        raise ExpressionError("A search needs a metric schema, a term or both")
    return lambda metric: all(test(metric) for test in tests)


def label(metric: Found, among: Iterable[Found]) -> str:
    """What tells a metric from the others that were found; its name where it is alone."""
    others = list(among)
    columns = [
        lambda one: one.name,
        *(lambda one, name=name: one.dimensions.get(name, "") for name in metric.dimensions),
    ]
    different = [column(metric) for column in columns if len({column(one) for one in others}) > 1]
    return " ".join(different) or metric.name


def _schema(text: str) -> Test:
    names: list[str] = []
    at = 0
    while at < len(text):
        found = NAME.match(text, at)
        if not found:
            raise ExpressionError(f"Unexpected '{text[at:].strip()}' in the metric schema")
        names.append(_unescaped(found["text"]) if found["text"] is not None else found["word"].strip())
        at = found.end()
    if not names:
        raise ExpressionError("A metric schema needs a namespace")
    namespace, *dimensions = names
    wanted = set(dimensions)
    if not wanted:
        return lambda metric: metric.namespace == namespace
    return lambda metric: metric.namespace == namespace and metric.dimensions.keys() == wanted


class _Terms:
    """Terms with AND, OR, NOT and parentheses; terms side by side must all match."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip(" \t\n\r,"):
            found = TOKEN.match(text, at)
            if not found or not found.lastgroup:
                raise ExpressionError(f"Unexpected '{text[at:].strip()[:1]}' in the search")
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self._at = 0
        self._depth = 0

    def at_end(self) -> bool:
        return self._at == len(self._tokens)

    def whole(self) -> Test:
        test = self._either(None)
        if not self.at_end():
            raise ExpressionError(f"Unexpected '{self._tokens[self._at][1]}' in the search")
        return test

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ("end", "")

    def _next_is(self, *token: str) -> bool:
        if self._peek() == token:
            self._at += 1
            return True
        return False

    def _either(self, field: str | None) -> Test:
        tests = [self._all(field)]
        while self._next_is("word", "OR"):
            tests.append(self._all(field))
        return lambda metric: any(test(metric) for test in tests)

    def _all(self, field: str | None) -> Test:
        tests = [self._term(field)]
        while self._peek()[0] != "end" and self._peek() not in (("sign", ")"), ("word", "OR")):
            self._next_is("word", "AND")
            tests.append(self._term(field))
        return lambda metric: all(test(metric) for test in tests)

    def _term(self, field: str | None) -> Test:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError("A search is nested too deeply")
        try:
            return self._one(field)
        finally:
            self._depth -= 1

    def _one(self, field: str | None) -> Test:
        if self._next_is("word", "NOT"):
            unwanted = self._term(field)
            return lambda metric: not unwanted(metric)
        if self._next_is("sign", "("):
            test = self._either(field)
            if not self._next_is("sign", ")"):
                raise ExpressionError("Expected ')' in the search")
            return test
        kind, token = self._peek()
        if kind not in ("text", "word"):
            raise ExpressionError(f"Unexpected '{token or 'end'}' in the search")
        self._at += 1
        if field is None and self._next_is("sign", "="):
            if token.startswith(":"):
                raise ExpressionError(
                    "Metrics of other accounts are not searched. A limit of this emulation, not of AWS"
                )
            return self._term(_unescaped(token))
        if kind == "text":
            exact = _unescaped(token)
            return lambda metric: exact in metric.texts(field)
        words = _words(token)
        return lambda metric: any(words <= _words(text) for text in metric.texts(field))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


@lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    """What a text is found by, without regard to case: its parts, what stands between other signs, and itself."""
    pieces = re.split(r"[^A-Za-z0-9]+", text)
    parts = (part for piece in pieces for part in PART.findall(piece))
    return frozenset(one.lower() for one in (*pieces, *parts) if one) or frozenset((text.lower(),))
