"""GetTraceSummaries' filter expressions, as conditions over the index's tables.

The grammar: https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from obsiverse_telemetry.xray.errors import InvalidRequestException
from obsiverse_telemetry.xray.filter_lexer import Word, invalid, words

Condition = tuple[str, list[Any]]
"""SQL, and the values of its question marks."""
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
STRING_OPERATORS: Mapping[str, str] = {
    "BEGINSWITH": "substr({0}, 1, length({1})) = {1}",
    "ENDSWITH": "substr({0}, -length({1})) = {1}",
    "CONTAINS": "instr({0}, {1}) > 0",
}
OK = "NOT ({0}fault OR {0}error OR {0}throttle)"
DEPTH_MAX = 30
LENGTH_MAX = 2000


@dataclass(frozen=True)
class _Scope:
    """Of what a condition is: the columns of its keywords, as SQL."""

    booleans: Mapping[str, str]
    numbers: Mapping[str, str]
    strings: Mapping[str, str]


TRACE = _Scope(
    {
        "ok": OK.format("traces."),
        "error": "traces.error",
        "fault": "traces.fault",
        "throttle": "traces.throttle",
        "partial": "traces.partial",
    },
    {"responsetime": "traces.response_time", "duration": "traces.duration", "http.status": "traces.http_status"},
    {
        "http.url": "traces.http_url",
        "http.method": "traces.http_method",
        "http.useragent": "traces.user_agent",
        "http.clientip": "traces.client_ip",
    },
)
SERVICE = _Scope(
    {
        "ok": OK.format("part."),
        "error": "part.error",
        "fault": "part.fault",
        "throttle": "part.throttle",
        "root": "part.root",
        "remote": "part.type = 'remote'",
    },
    {"responsetime": "part.response_time"},
    {"name": "part.name", "type": "part.type"},
)
EDGE = _Scope(
    {name: SERVICE.booleans[name] for name in ("ok", "error", "fault", "throttle")},
    {"responsetime": "part.response_time"},
    {},
)
LISTS = {
    "user": ("$.Users", "$.UserName"),
    "resource.arn": ("$.ResourceARNs", "$.ARN"),
    "name": ("$.ServiceIds", "$.Name"),
}
"""String keywords of which a trace may have several: where they are in its summary."""


def compile_filter(expression: str) -> Condition:
    """A condition over `traces`; one that always holds for an empty expression.

    Raises:
        InvalidRequestException: with the position at which the expression can't be read.
    """
    if len(expression) > LENGTH_MAX:
        raise InvalidRequestException(f"The filter expression is over {LENGTH_MAX} characters.")
    parser = _Parser(words(expression))
    if parser.peek().kind == "end":
        return "1", []
    condition = parser.either(TRACE)
    parser.expect_end()
    return condition


class _Parser:
    def __init__(self, found: list[Word]) -> None:
        self._words = found
        self._next = 0
        self._depth = 0

    def peek(self) -> Word:
        return self._words[self._next]

    def expect_end(self) -> None:
        if self.peek().kind != "end":
            raise self._unexpected("AND, OR or the end")

    def either(self, scope: _Scope) -> Condition:
        return self._joined("OR", lambda: self._both(scope))

    def _both(self, scope: _Scope) -> Condition:
        return self._joined("AND", lambda: self._not(scope))

    def _joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        conditions = [part()]
        while self.peek().kind == "word" and self.peek().text.upper() == word:
            self._take()
            conditions.append(part())
        if len(conditions) == 1:
            return conditions[0]
        return f"({f' {word} '.join(sql for sql, _ in conditions)})", [one for _, given in conditions for one in given]

    def _not(self, scope: _Scope) -> Condition:
        word = self.peek()
        if word.text == "!" or (word.kind == "word" and word.text.upper() == "NOT"):
            self._take()
            sql, values = self._deeper(lambda: self._not(scope))
            # What a trace lacks (NULL) does not meet a condition, and so meets its opposite.
            return f"NOT coalesce(({sql}), 0)", values
        if word.text == "(" and word.kind == "operator":
            self._take()
            condition = self._deeper(lambda: self.either(scope))
            self._expect(")")
            return condition
        return self._term(scope)

    def _deeper(self, part: Callable[[], Condition]) -> Condition:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise invalid(self.peek().at, "the expression is nested too deeply")
        try:
            return part()
        finally:
            self._depth -= 1

    def _term(self, scope: _Scope) -> Condition:
        word = self.peek()
        if word.kind != "word":
            raise self._unexpected("a keyword")
        self._take()
        name = word.text.lower()
        if name in scope.booleans:
            return self._boolean(scope.booleans[name])
        if name in scope.numbers:
            return self._number(scope.numbers[name])
        if name in scope.strings:
            return self._string(scope.strings[name])
        if scope is TRACE:
            if name in LISTS:
                return self._listed(*LISTS[name])
            if name == "service":
                return self._service()
            if name == "edge":
                return self._edge()
        if scope is TRACE and (name == "annotation" or name.startswith("annotation.")):
            return self._annotation(word)
        raise invalid(word.at, f"{word.text!r} is not a keyword here")

    def _boolean(self, column: str) -> Condition:
        if self.peek().text not in ("=", "!=") or self.peek().kind != "operator":
            return f"({column})", []
        differs = self._take().text == "!="
        word = self._take()
        if word.kind != "word" or word.text.lower() not in ("true", "false"):
            raise invalid(word.at, "true or false was expected")
        holds = (word.text.lower() == "true") != differs
        return (f"({column})" if holds else f"NOT ({column})"), []

    def _number(self, column: str) -> Condition:
        operator = self._operator(COMPARISONS)
        word = self._take()
        if word.kind != "number":
            raise invalid(word.at, "a number was expected")
        return f"{column} {operator} ?", [float(word.text)]

    def _string(self, column: str) -> Condition:
        operator = self._operator((*STRING_OPERATORS, "=", "!="))
        word = self._take()
        if word.kind != "string":
            raise invalid(word.at, "a string in double quotes was expected")
        if operator in STRING_OPERATORS:
            pattern = STRING_OPERATORS[operator]
            return pattern.format(column, "?"), [word.text] * pattern.count("{1}")
        return f"{column} {operator} ?", [word.text]

    def _listed(self, place: str, member: str) -> Condition:
        sql, values = self._string(f"json_extract(one.value, '{member}')")
        return f"EXISTS (SELECT 1 FROM json_each(traces.summary, '{place}') AS one WHERE {sql})", values  # noqa: S608 - ours

    def _annotation(self, word: Word) -> Condition:
        if word.text.lower() == "annotation":
            self._expect("[")
            key = self._take()
            if key.kind not in ("word", "string"):
                raise invalid(key.at, "an annotation's key was expected")
            self._expect("]")
            name = key.text
        else:
            name = word.text.partition(".")[2]
        exists = "EXISTS (SELECT 1 FROM trace_annotations AS part WHERE part.trace = traces.id AND part.name = ?{})"
        following = self.peek()
        if following.text not in COMPARISONS and following.text.upper() not in STRING_OPERATORS:
            return exists.format(""), [name]
        operator = self._operator((*STRING_OPERATORS, *COMPARISONS))
        value = self._take()
        if value.kind == "string" and operator in STRING_OPERATORS:
            pattern = STRING_OPERATORS[operator]
            condition = " AND typeof(part.value) = 'text' AND " + pattern.format("part.value", "?")
            return exists.format(condition), [name, *[value.text] * pattern.count("{1}")]
        if operator in STRING_OPERATORS:
            raise invalid(value.at, "a string in double quotes was expected")
        if value.kind == "string":
            given, kind = value.text, "part.kind = 'string'"
        elif value.kind == "number":
            given, kind = float(value.text), "part.kind = 'number'"
        elif value.kind == "word" and value.text.lower() in ("true", "false"):
            given, kind = value.text.lower() == "true", "part.kind = 'boolean'"
        else:
            raise invalid(value.at, "a value was expected")
        return exists.format(f" AND {kind} AND part.value {operator} ?"), [name, given]

    def _service(self) -> Condition:
        named: Condition = ("1", [])
        if self.peek().text == "(":
            self._take()
            if self.peek().text != ")":
                named = self._identity("part.name", "part.type")
            self._expect(")")
        return self._part("trace_services", named, SERVICE)

    def _edge(self) -> Condition:
        self._expect("(")
        source, sources = self._identity("part.source", "part.source_type")
        self._expect(",")
        target, targets = self._identity("part.target", "part.target_type")
        self._expect(")")
        return self._part("trace_edges", (f"{source} AND {target}", [*sources, *targets]), EDGE)

    def _part(self, table: str, named: Condition, scope: _Scope) -> Condition:
        sql, values = named
        if self.peek().text == "{":
            self._take()
            inner, others = self._deeper(lambda: self.either(scope))
            self._expect("}")
            sql, values = f"{sql} AND {inner}", [*values, *others]
        return f"EXISTS (SELECT 1 FROM {table} AS part WHERE part.trace = traces.id AND {sql})", values  # noqa: S608 - ours

    def _identity(self, name: str, kind: str) -> Condition:
        """A service by its name, or by id(name: "…", type: "…")."""
        word = self._take()
        if word.kind == "string":
            return f"{name} = ?", [word.text]
        if word.kind != "word" or word.text.lower() != "id":
            raise invalid(word.at, "a service's name in double quotes, or id(…), was expected")
        self._expect("(")
        columns, sql, values = {"name": name, "type": kind}, ["1"], list[Any]()
        while True:
            member = self._take()
            if member.text.lower() not in (*columns, "account.id"):
                raise invalid(member.at, "name, type or account.id was expected")
            self._expect(":")
            value = self._take()
            if value.kind != "string":
                raise invalid(value.at, "a string in double quotes was expected")
            if member.text.lower() in columns:
                sql.append(f"{columns[member.text.lower()]} = ?")
                values.append(value.text)
            if self.peek().text != ",":
                break
            self._take()
        self._expect(")")
        return " AND ".join(sql), values

    def _operator(self, known: tuple[str, ...]) -> str:
        word = self._take()
        if word.kind == "string" or word.text.upper() not in known:
            raise invalid(word.at, f"one of {' '.join(known)} was expected")
        return word.text.upper()

    def _expect(self, text: str) -> None:
        word = self.peek()
        if word.kind != "operator" or word.text != text:
            raise self._unexpected(repr(text))
        self._take()

    def _take(self) -> Word:
        word = self._words[self._next]
        if word.kind != "end":
            self._next += 1
        return word

    def _unexpected(self, wanted: str) -> Exception:
        word = self.peek()
        found = "the end" if word.kind == "end" else repr(word.text)
        return invalid(word.at, f"{wanted} was expected, not {found}")
