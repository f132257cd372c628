"""Expressions of a query, as SQL. Literals never stand in the SQL: they are parameters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from obsiverse_telemetry.insights.errors import MalformedQueryException
from obsiverse_telemetry.insights.lexer import Word

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
PERIOD = re.compile(r"(\d+)(ms|[smhdw])")
DEPTH_MAX = 50


@dataclass(frozen=True)
class Sql:
    """An expression. Of what kind its values are: text (as JSON has them), number, bool or time (milliseconds)."""

    sql: str
    kind: str = "text"
    values: list[Any] = field(default_factory=list[Any])
    aggregate: bool = False

    def number(self) -> Sql:
        """As a number; NULL where a text is none."""
        if self.kind in ("number", "time"):
            return self
        return Sql(f"try_cast({self.sql} AS DOUBLE)", "number", self.values, self.aggregate)

    def text(self) -> Sql:
        """As a text."""
        return self if self.kind == "text" else Sql(f"CAST({self.sql} AS VARCHAR)", "text", self.values, self.aggregate)


# name: (how each argument is taken, the SQL, what comes out)
FUNCTIONS: dict[str, tuple[str, str, str]] = {
    "abs": ("n", "abs({0})", "number"),
    "ceil": ("n", "ceil({0})", "number"),
    "floor": ("n", "floor({0})", "number"),
    "log": ("n", "ln({0})", "number"),
    "sqrt": ("n", "sqrt({0})", "number"),
    "strlen": ("t", "length({0})", "number"),
    "tolower": ("t", "lower({0})", "text"),
    "toupper": ("t", "upper({0})", "text"),
    "trim": ("t", "trim({0})", "text"),
    "ltrim": ("t", "ltrim({0})", "text"),
    "rtrim": ("t", "rtrim({0})", "text"),
    "isempty": ("t", "({0} IS NULL OR {0} = '')", "bool"),
    "isblank": ("t", "({0} IS NULL OR trim({0}) = '')", "bool"),
    "ispresent": ("t", "({0} IS NOT NULL)", "bool"),
    "strcontains": ("tt", "CAST(contains({0}, {1}) AS INTEGER)", "number"),
    "replace": ("ttt", "replace({0}, {1}, {2})", "text"),
    "frommillis": ("n", "CAST({0} AS BIGINT)", "time"),
    "tomillis": ("n", "CAST({0} AS BIGINT)", "number"),
}
VARIADIC = {
    "concat": ("t", "concat", "text"),
    "coalesce": ("t", "coalesce", "text"),
    "greatest": ("n", "greatest", "number"),
    "least": ("n", "least", "number"),
}
AGGREGATES: dict[str, tuple[str, str]] = {
    "count": ("t", "count({0})"),
    "count_distinct": ("t", "count(DISTINCT {0})"),
    "sum": ("n", "sum({0})"),
    "avg": ("n", "avg({0})"),
    "min": ("n", "min({0})"),
    "max": ("n", "max({0})"),
    "stddev": ("n", "stddev_pop({0})"),
}
OF_TIME = {"earliest": 'arg_min({0}, "@timestamp")', "latest": 'arg_max({0}, "@timestamp")'}

Resolve = Callable[[str], Sql]
"""The SQL of a field."""


class Words:
    """A query's words, read one after the other."""

    def __init__(self, found: list[Word]) -> None:
        self._words = found
        self._next = 0

    def peek(self) -> Word:
        """The next word."""
        return self._words[self._next]

    def take(self) -> Word:
        """The next word, which is then read."""
        word = self._words[self._next]
        if word.kind != "end":
            self._next += 1
        return word

    def accept(self, *texts: str) -> Word | None:
        """The next word if it is one of these."""
        word = self.peek()
        if word.kind in ("word", "operator") and word.text.lower() in texts:
            return self.take()
        return None

    def expect(self, text: str) -> Word:
        """The next word, which must be this."""
        return self.accept(text) or self.fail(f"{text} was expected")

    def fail(self, why: str, word: Word | None = None) -> Any:
        """Raise MalformedQueryException at a word, the next one where none is given."""
        at = word or self.peek()
        shown = "the end of the query" if at.kind == "end" else repr(at.text)
        raise MalformedQueryException(f"{why}, not {shown}", at.start, max(at.end, at.start + 1))


class Expressions:
    """Reads expressions.

    Args:
        resolve: the SQL of a field's name.
    """

    def __init__(self, words: Words, resolve: Resolve) -> None:
        self._words = words
        self._resolve = resolve
        self._depth = 0

    def read(self) -> Sql:
        """An expression up to where it ends."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            self._words.fail("the expression is nested too deeply")
        try:
            return self._either()
        finally:
            self._depth -= 1

    def _either(self) -> Sql:
        left = self._both()
        while self._words.accept("or"):
            left = _logic("OR", left, self._both())
        return left

    def _both(self) -> Sql:
        left = self._not()
        while self._words.accept("and"):
            left = _logic("AND", left, self._not())
        return left

    def _not(self) -> Sql:
        if self._words.accept("not"):
            inner = self._comparison() if self._words.peek().text.lower() != "not" else self.read()
            return Sql(f"(NOT coalesce({_truth(inner).sql}, false))", "bool", inner.values, inner.aggregate)
        return self._comparison()

    def _comparison(self) -> Sql:
        left = self._sum()
        operator = self._words.peek()
        if operator.kind == "operator" and operator.text in COMPARISONS:
            self._words.take()
            return _compared(left, "<>" if operator.text == "!=" else operator.text, self._sum())
        negated = self._words.peek().text.lower() == "not" and bool(self._words.accept("not"))
        if self._words.accept("like", "=~"):
            return self._like(left.text(), negated=negated)
        if self._words.accept("in"):
            return self._in(left, negated=negated)
        if negated:
            self._words.fail("like or in was expected")
        return left

    def _like(self, left: Sql, *, negated: bool) -> Sql:
        word = self._words.take()
        if word.kind == "regex":
            try:
                re.compile(word.text)
            except re.error as error:
                self._words.fail(f"a regular expression was expected ({error})", word)
            sql = f"regexp_matches({left.sql}, ?)"
        elif word.kind == "string":
            sql = f"contains({left.sql}, ?)"
        else:
            return self._words.fail("a string or a regular expression was expected", word)
        # What is missing is like nothing.
        sql = f"coalesce({sql}, false)"
        return Sql(f"(NOT {sql})" if negated else sql, "bool", [*left.values, word.text], left.aggregate)

    def _in(self, left: Sql, *, negated: bool) -> Sql:
        self._words.expect("[")
        found = [_compared(left, "=", self._sum())]
        while self._words.accept(","):
            found.append(_compared(left, "=", self._sum()))
        self._words.expect("]")
        sql = " OR ".join(f"coalesce({one.sql}, false)" for one in found)
        values = [value for one in found for value in one.values]
        return Sql(f"(NOT ({sql}))" if negated else f"({sql})", "bool", values, left.aggregate)

    def _sum(self) -> Sql:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Sql:
        return self._chain(self._power, "*", "/", "%")

    def _power(self) -> Sql:
        return self._chain(self._unary, "^")

    def _chain(self, part: Callable[[], Sql], *operators: str) -> Sql:
        left = part()
        while operator := self._words.accept(*operators):
            one, other = left.number(), part().number()
            values, aggregate = [*one.values, *other.values], one.aggregate or other.aggregate
            if operator.text == "^":
                left = Sql(f"pow({one.sql}, {other.sql})", "number", values, aggregate)
            elif operator.text in ("/", "%"):
                left = Sql(f"({one.sql} {operator.text} nullif({other.sql}, 0))", "number", values, aggregate)
            else:
                left = Sql(f"({one.sql} {operator.text} {other.sql})", "number", values, aggregate)
        return left

    def _unary(self) -> Sql:
        if self._words.accept("-"):
            inner = self._unary().number()
            return Sql(f"(- {inner.sql})", "number", inner.values, inner.aggregate)
        return self._primary()

    def _primary(self) -> Sql:
        word = self._words.take()
        if word.kind == "operator" and word.text == "(":
            inner = self.read()
            self._words.expect(")")
            return inner
        if word.kind == "number":
            if not word.text[-1].isdigit():
                return self._words.fail("a number was expected", word)
            return Sql("CAST(? AS DOUBLE)", "number", [float(word.text)])
        if word.kind == "string":
            return Sql("CAST(? AS VARCHAR)", "text", [word.text])
        if word.kind == "quoted":
            return self._resolve(word.text)
        if word.kind != "word":
            return self._words.fail("a field, a value or a function was expected", word)
        if self._words.peek().text == "(" and self._words.peek().kind == "operator":
            return self._function(word)
        return self._resolve(word.text)

    def _function(self, name: Word) -> Sql:
        self._words.expect("(")
        known = name.text.lower()
        if known in ("bin", "datefloor", "dateceil"):
            return self._bin(known)
        if known == "count" and self._words.accept("*"):
            self._words.expect(")")
            return Sql("count(*)", "number", [], aggregate=True)
        if known == "count" and self._words.accept(")"):
            return Sql("count(*)", "number", [], aggregate=True)
        arguments = [self.read()]
        while self._words.accept(","):
            arguments.append(self.read())
        self._words.expect(")")
        if known in AGGREGATES and len(arguments) == 1:
            taken, pattern = AGGREGATES[known]
            return _call(pattern, taken, "number", arguments, aggregate=True)
        if known in OF_TIME and len(arguments) == 1:
            return _call(OF_TIME[known], "t", "text", arguments, aggregate=True)
        if known in ("pct", "percentile") and len(arguments) == 2:
            return self._percentile(name, arguments)
        if known in VARIADIC:
            taken, function, kind = VARIADIC[known]
            places = ", ".join(f"{{{index}}}" for index in range(len(arguments)))
            return _call(f"{function}({places})", taken * len(arguments), kind, arguments)
        if known in FUNCTIONS and len(arguments) == len(FUNCTIONS[known][0]):
            taken, pattern, kind = FUNCTIONS[known]
            return _call(pattern, taken, kind, arguments)
        return self._words.fail("a function with as many arguments was expected", name)

    def _percentile(self, name: Word, arguments: list[Sql]) -> Sql:
        values = arguments[1].values
        if len(values) != 1 or not isinstance(values[0], float) or not 0 <= values[0] <= 100:
            self._words.fail("a percentile from 0 to 100 was expected", name)
        of = arguments[0].number()
        # DuckDB takes a constant only; it is a float that was read as one.
        return Sql(f"quantile_cont({of.sql}, {values[0] / 100!r})", "number", of.values, aggregate=True)

    def _bin(self, name: str) -> Sql:
        of = self._resolve("@timestamp")
        if name != "bin":
            of = self.read().number()
            self._words.expect(",")
        word = self._words.take()
        match = PERIOD.fullmatch(word.text) if word.kind == "number" else None
        if match is None or int(match[1]) == 0:
            return self._words.fail("a period such as 5m was expected", word)
        self._words.expect(")")
        period = int(match[1]) * UNITS[match[2]]
        rounded = "ceil" if name == "dateceil" else "floor"
        return Sql(f"(CAST({rounded}({of.sql} / {period}) AS BIGINT) * {period})", "time", of.values, of.aggregate)


def _call(pattern: str, taken: str, kind: str, arguments: list[Sql], *, aggregate: bool = False) -> Sql:
    ready = [one.number() if how == "n" else one.text() for how, one in zip(taken, arguments, strict=True)]
    # An argument may stand in the pattern more than once, and its values with it.
    places = [int(place) for place in re.findall(r"\{(\d)\}", pattern)]
    values = [value for place in places for value in ready[place].values]
    return Sql(
        pattern.format(*(one.sql for one in ready)), kind, values, aggregate or any(one.aggregate for one in ready)
    )


def _truth(one: Sql) -> Sql:
    """As a condition: a number that is not 0, a text that is true."""
    if one.kind == "bool":
        return one
    if one.kind in ("number", "time"):
        return Sql(f"({one.sql} <> 0)", "bool", one.values, one.aggregate)
    return Sql(f"(lower({one.sql}) = 'true')", "bool", one.values, one.aggregate)


def condition(one: Sql) -> Sql:
    """What a filter lets through: where it is true."""
    return _truth(one)


def _logic(operator: str, left: Sql, right: Sql) -> Sql:
    one, other = _truth(left), _truth(right)
    sql = f"(coalesce({one.sql}, false) {operator} coalesce({other.sql}, false))"
    return Sql(sql, "bool", [*one.values, *other.values], one.aggregate or other.aggregate)


def _compared(left: Sql, operator: str, right: Sql) -> Sql:
    if "bool" in (left.kind, right.kind):
        one, other = _truth(left), _truth(right)
    elif {"number", "time"} & {left.kind, right.kind}:
        one, other = left.number(), right.number()
    else:
        one, other = left.text(), right.text()
    return Sql(
        f"({one.sql} {operator} {other.sql})", "bool", [*one.values, *other.values], one.aggregate or other.aggregate
    )
