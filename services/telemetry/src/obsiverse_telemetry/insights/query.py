"""A query as one SELECT over the table `events`: commands, each over the result of those before it.

The table: "@timestamp" and "@ingestionTime" (BIGINT, milliseconds), "@message", "@logStream", "@log", "@ptr" (VARCHAR), doc (JSON, NULL
where the message is no object).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from obsiverse_telemetry.insights.expression import Expressions, Sql, Words, condition
from obsiverse_telemetry.insights.lexer import Word, words

BASE = ("@timestamp", "@message", "@logStream", "@log", "@ingestionTime", "@ptr")
TIMES = ("@timestamp", "@ingestionTime")
LIMIT_MAX = 10_000
_NAMED_GROUP = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")


@dataclass(frozen=True)
class Compiled:
    """A query that can run.

    Attributes:
        sql, values: for DuckDB.
        columns: what the result shows, in this order, and the kind of each (`Sql.kind`).
        grouped: whether rows are no log events any more.
    """

    sql: str
    values: list[Any]
    columns: list[tuple[str, str]]
    grouped: bool


def compile_query(text: str, limit: int) -> Compiled:
    """Compile a query.

    Args:
        limit: of rows, where the query has none.

    Raises:
        MalformedQueryException: it can't be read.
    """
    query = _Query(text)
    query.read()
    return query.compiled(limit)


class _Query:
    def __init__(self, text: str) -> None:
        self._text = text
        self._words = Words(words(text))
        self._expressions = Expressions(self._words, self._resolve)
        self._sql, self._values = "SELECT * FROM events", list[Any]()
        self._kinds: dict[str, str] = {name: "time" if name in TIMES else "text" for name in BASE}
        self._shown: list[str] = []
        self._grouped = False
        self._order = ""
        self._order_values: list[Any] = []
        self._limited = False

    def read(self) -> None:
        """All commands."""
        commands = {
            "fields": self._fields,
            "display": self._display,
            "filter": self._filter,
            "parse": self._parse,
            "stats": self._stats,
            "sort": self._sort,
            "limit": self._limit,
            "head": self._limit,
            "dedup": self._dedup,
        }
        while True:
            word = self._words.take()
            command = commands.get(word.text.lower()) if word.kind == "word" else None
            if command is None:
                self._words.fail(f"one of {', '.join(commands)} was expected", word)
            else:
                command()
            if self._words.peek().kind == "end":
                return
            self._words.expect("|")

    def compiled(self, limit: int) -> Compiled:
        """What was read."""
        shown = self._shown or [name for name in ("@timestamp", "@message") if name in self._kinds]
        if not self._limited:
            self._apply(limit)
        sql, values = self._ordered(self._sql)
        # The pointer leads to the event, and is in every row that is one.
        pointer = [] if self._grouped or "@ptr" in shown else ["@ptr"]
        columns = ", ".join(_quoted(name) for name in [*shown, *pointer])
        return Compiled(
            f"SELECT {columns} FROM ({sql})",  # noqa: S608 - names are quoted, values are parameters
            values,
            [(name, self._kinds[name]) for name in [*shown, *pointer]],
            self._grouped,
        )

    def _resolve(self, name: str) -> Sql:
        if name in self._kinds:
            return Sql(_quoted(name), self._kinds[name])
        if self._grouped or name.startswith("@"):
            return Sql("CAST(NULL AS VARCHAR)")
        path = "$" + "".join(f'."{part}"' for part in name.replace('"', "").split("."))
        return Sql("json_extract_string(doc, ?)", "text", [path])

    def _column(self, name: str, one: Sql) -> None:
        """Add a column to what the next command sees."""
        others = f"* EXCLUDE ({_quoted(name)})" if name in self._kinds else "*"
        self._sql = f"SELECT {others}, {one.sql} AS {_quoted(name)} FROM ({self._sql})"  # noqa: S608 - as above
        self._values = [*one.values, *self._values]
        self._kinds[name] = one.kind

    def _named(self) -> tuple[str, Sql]:
        first = self._words.peek()
        one = self._expressions.read()
        last = self._last_end()
        if self._words.accept("as"):
            return self._name(), one
        if first.kind == "quoted" and last == first.end:
            return first.text, one
        return self._text[first.start : last].strip(), one

    def _last_end(self) -> int:
        return len(self._text[: self._words.peek().start].rstrip())

    def _name(self) -> str:
        word = self._words.take()
        if word.kind not in ("word", "quoted"):
            self._words.fail("a name was expected", word)
        return word.text

    def _fields(self) -> None:
        self._shown += [name for name in self._columns() if name not in self._shown]

    def _display(self) -> None:
        self._shown = self._columns()

    def _columns(self) -> list[str]:
        names: list[str] = []
        while True:
            name, one = self._named()
            if name not in self._kinds:
                self._column(name, one)
            names.append(name)
            if not self._words.accept(","):
                return names

    def _filter(self) -> None:
        one = condition(self._expressions.read())
        self._sql = f"SELECT * FROM ({self._sql}) WHERE {one.sql}"  # noqa: S608
        self._values = [*self._values, *one.values]

    def _parse(self) -> None:
        word = self._words.peek()
        source = self._resolve("@message")
        if word.kind in ("word", "quoted"):
            self._words.take()
            source = self._resolve(word.text).text()
        pattern = self._words.take()
        if pattern.kind == "regex":
            names = [match[1] for match in _NAMED_GROUP.finditer(pattern.text)]
            expression = _NAMED_GROUP.sub(r"(?P<\1>", pattern.text)
            if self._words.accept("as"):
                names = self._names()
        elif pattern.kind == "string":
            pieces = [re.escape(piece) for piece in pattern.text.split("*")]
            # Each star takes as little as it can, the last one all that is left.
            expression = (
                "(.*?)".join(pieces[:-1]) + ("(.*)" if len(pieces) > 1 and not pieces[-1] else "(.*?)") + pieces[-1]
            )
            self._words.expect("as")
            names = self._names()
            if len(names) != len(pieces) - 1:
                self._words.fail("as many names as there are stars were expected", pattern)
        else:
            self._words.fail("a pattern in quotes or a regular expression was expected", pattern)
            return
        if not names or not _compiles(expression):
            self._words.fail("a pattern that names what it takes was expected", pattern)
        for number, name in enumerate(names, 1):
            sql = f"CASE WHEN regexp_matches({source.sql}, ?) THEN regexp_extract({source.sql}, ?, {number}) END"
            values = [*source.values, expression, *source.values, expression]
            self._column(name, Sql(sql, "text", values))
        if not self._shown:
            self._shown = []

    def _names(self) -> list[str]:
        names = [self._name()]
        while self._words.accept(","):
            names.append(self._name())
        return names

    def _stats(self) -> None:
        found: list[tuple[str, Sql]] = []
        while True:
            start = self._words.peek()
            name, one = self._named()
            if not one.aggregate:
                self._words.fail("an aggregate function was expected", start)
            found.append((name, one))
            if not self._words.accept(","):
                break
        groups: list[tuple[str, Sql]] = []
        if self._words.accept("by"):
            groups.append(self._group())
            while self._words.accept(","):
                groups.append(self._group())
        columns = [*groups, *found]
        selected = ", ".join(f"{one.sql} AS {_quoted(name)}" for name, one in columns)
        values = [value for _, one in columns for value in one.values]
        by = f" GROUP BY {', '.join(str(index + 1) for index in range(len(groups)))}" if groups else ""
        self._sql = f"SELECT {selected} FROM ({self._sql}){by}"  # noqa: S608
        self._values = [*values, *self._values]
        self._kinds = {name: one.kind for name, one in columns}
        self._shown = [name for name, _ in columns]
        self._grouped = True
        self._order, self._order_values = "", []

    def _group(self) -> tuple[str, Sql]:
        start = self._words.peek()
        name, one = self._named()
        if one.aggregate:
            self._words.fail("a field or bin was expected", start)
        return name, one

    def _sort(self) -> None:
        parts: list[str] = []
        self._order_values = []
        while True:
            word = self._words.peek()
            one = self._expressions.read()
            down = self._words.accept("desc") is not None
            if not down:
                self._words.accept("asc")
            if word.kind == "word" and self._text[word.start : self._last_end()] in self._kinds:
                one = self._resolve(self._text[word.start : self._last_end()])
            direction = "DESC NULLS LAST" if down else "ASC NULLS LAST"
            # Texts that are all numbers are sorted as numbers.
            sorted_as = f"try_cast({one.sql} AS DOUBLE) {direction}, " if one.kind == "text" else ""
            parts.append(f"{sorted_as}{one.sql} {direction}")
            self._order_values += [*one.values, *one.values] if sorted_as else one.values
            if not self._words.accept(","):
                break
        self._order = ", ".join(parts)

    def _limit(self) -> None:
        word: Word = self._words.take()
        if word.kind != "number" or not word.text.isdecimal() or not 1 <= int(word.text) <= LIMIT_MAX:
            self._words.fail(f"a number from 1 to {LIMIT_MAX} was expected", word)
        self._apply(int(word.text))
        self._limited = True

    def _apply(self, limit: int) -> None:
        sql, values = self._ordered(self._sql)
        self._sql, self._values = f"SELECT * FROM ({sql} LIMIT {limit})", values  # noqa: S608

    def _ordered(self, sql: str) -> tuple[str, list[Any]]:
        """A query in the order asked for; log events with the newest first."""
        order = self._order or ("" if self._grouped else '"@timestamp" DESC, "@ptr" DESC')
        if not order:
            return sql, self._values
        return f"SELECT * FROM ({sql}) ORDER BY {order}", [*self._values, *self._order_values]  # noqa: S608

    def _dedup(self) -> None:
        names = [_quoted(name) if name in self._kinds else self._kept(name) for name in self._names()]
        order = self._order or ('"@timestamp" DESC' if not self._grouped else "1")
        ranked = f"row_number() OVER (PARTITION BY {', '.join(names)} ORDER BY {order})"
        self._sql = f"SELECT * FROM ({self._sql}) QUALIFY {ranked} = 1"  # noqa: S608
        self._values = [*self._values, *self._order_values]

    def _kept(self, name: str) -> str:
        self._column(name, self._resolve(name))
        return _quoted(name)


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
