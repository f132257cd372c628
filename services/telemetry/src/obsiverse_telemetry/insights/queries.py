"""StartQuery, GetQueryResults, StopQuery and DescribeQueries. Queries run in threads, and are remembered until the service ends."""

from __future__ import annotations

import base64
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from obsiverse_telemetry.insights.errors import LimitExceededException
from obsiverse_telemetry.insights.query import LIMIT_MAX, Compiled, compile_query
from obsiverse_telemetry.insights.table import load
from obsiverse_telemetry.logs.errors import InvalidParameterException, ResourceNotFoundException
from obsiverse_telemetry.logs.request import Request, find_group
from obsiverse_telemetry.logs.store import Group, LogStore

GROUPS_MAX, RUNNING_MAX, REMEMBERED = 50, 30, 1000
AT_ONCE = 2
TIMEOUT_SECONDS = 60.0
ENDED = ("Complete", "Failed", "Cancelled", "Timeout")


class Query:
    """One query, from its start."""

    def __init__(self, request: Request, groups: Sequence[tuple[str, Group]], compiled: Compiled) -> None:
        self.id = str(uuid.uuid4())
        self.owner = (request.account, request.region)
        self.text = request.text("queryString")
        self.groups = groups
        self.compiled = compiled
        self.span = (int(request.integer("startTime") or 0), int(request.integer("endTime") or 0))
        self.created = int(time.time() * 1000)
        self.status = "Scheduled"
        self.rows: list[list[dict[str, str]]] = []
        self.statistics = {"recordsMatched": 0.0, "recordsScanned": 0.0, "bytesScanned": 0.0}
        self.connection: duckdb.DuckDBPyConnection | None = None
        self.changes = threading.Lock()

    def become(self, status: str) -> bool:
        """Change the status, unless it has ended already."""
        with self.changes:
            if self.status in ENDED:
                return False
            self.status = status
            return True


class Queries:
    """The queries of all accounts."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(AT_ONCE, "insights")
        self._queries: dict[str, Query] = {}
        self.operations = {
            "StartQuery": self.start,
            "GetQueryResults": self.results,
            "StopQuery": self.stop,
            "DescribeQueries": self.describe,
        }

    def close(self) -> None:
        """Stop what runs."""
        for query in list(self._queries.values()):
            _interrupt(query, "Cancelled")
        self._pool.shutdown(cancel_futures=True)

    def start(self, _store: LogStore, request: Request) -> dict[str, Any]:
        """StartQuery."""
        start, end = request.integer("startTime"), request.integer("endTime")
        if start is None or end is None or start > end:
            raise InvalidParameterException("startTime and endTime must be given, and startTime be no later.")
        limit = request.integer("limit", 1, LIMIT_MAX) or LIMIT_MAX
        compiled = compile_query(request.text("queryString"), limit)
        query = Query(request, self._groups(request), compiled)
        running = [one for one in self._queries.values() if one.owner == query.owner and one.status not in ENDED]
        if len(running) >= RUNNING_MAX:
            raise LimitExceededException(f"There are {RUNNING_MAX} queries running already.")
        while len(self._queries) >= REMEMBERED:
            del self._queries[next(iter(self._queries))]
        self._queries[query.id] = query
        self._pool.submit(self._run, query)
        return {"queryId": query.id}

    def _groups(self, request: Request) -> list[tuple[str, Group]]:
        names = request.texts("logGroupNames") or request.texts("logGroupIdentifiers")
        one = request.optional_text("logGroupName")
        names = [*(names or []), *([one] if one else [])]
        if not names:
            raise InvalidParameterException("At least one log group must be given.")
        if len(names) > GROUPS_MAX:
            raise InvalidParameterException(f"At most {GROUPS_MAX} log groups can be queried.")
        return [(name, find_group(self._store, request.account, request.region, name)) for name in names]

    def results(self, _store: LogStore, request: Request) -> dict[str, Any]:
        """GetQueryResults."""
        query = self._known(request)
        return {
            "queryLanguage": "CWLI",
            "status": query.status,
            "results": query.rows,
            "statistics": query.statistics,
        }

    def stop(self, _store: LogStore, request: Request) -> dict[str, Any]:
        """StopQuery."""
        query = self._known(request)
        if not _interrupt(query, "Cancelled"):
            raise InvalidParameterException(f"The query has ended: {query.status}.")
        return {"success": True}

    def describe(self, _store: LogStore, request: Request) -> dict[str, Any]:
        """DescribeQueries, newest first."""
        group, status = request.optional_text("logGroupName"), request.optional_text("status")
        most = request.integer("maxResults", 1, 1000) or 1000
        found = [
            {
                "queryId": one.id,
                "queryString": one.text,
                "status": one.status,
                "createTime": one.created,
                "logGroupName": one.groups[0][0],
                "queryLanguage": "CWLI",
            }
            for one in reversed(list(self._queries.values()))
            if one.owner == (request.account, request.region)
            and (group is None or group in [name for name, _ in one.groups])
            and (status is None or one.status == status)
        ]
        return {"queries": found[:most]}

    def _known(self, request: Request) -> Query:
        query = self._queries.get(request.text("queryId"))
        if query is None or query.owner != (request.account, request.region):
            raise ResourceNotFoundException("The specified query does not exist.")
        return query

    def _run(self, query: Query) -> None:
        if not query.become("Running"):
            return
        timer = threading.Timer(TIMEOUT_SECONDS, _interrupt, (query, "Timeout"))
        timer.daemon = True
        timer.start()
        try:
            with TemporaryDirectory() as folder, duckdb.connect(":memory:") as connection:
                query.connection = connection
                # Texts are somebody's logs: nothing that is in a query may reach a file or the network.
                scanned = load(connection, self._store, query.groups, query.span, Path(folder))
                connection.execute("SET enable_external_access = false")
                query.statistics["recordsScanned"], query.statistics["bytesScanned"] = map(float, scanned)
                found = connection.execute(query.compiled.sql, query.compiled.values).fetchall()
                query.rows = [_row(query.compiled.columns, one) for one in found]
                query.statistics["recordsMatched"] = float(len(found))
                query.become("Complete")
        except Exception:  # noqa: BLE001 - the query has failed, and the service has not
            query.become("Failed")
        finally:
            query.connection = None
            timer.cancel()


def _interrupt(query: Query, status: str) -> bool:
    changed = query.become(status)
    connection = query.connection
    if changed and connection is not None:
        connection.interrupt()
    return changed


def _row(columns: Sequence[tuple[str, str]], values: Sequence[Any]) -> list[dict[str, str]]:
    """The fields that a row has; what is missing is left out."""
    return [
        {"field": name, "value": _shown(name, kind, value)}
        for (name, kind), value in zip(columns, values, strict=True)
        if value is not None
    ]


def _shown(name: str, kind: str, value: Any) -> str:
    if name == "@ptr":
        return base64.b64encode(str(value).encode()).decode()
    if kind == "time":
        at = datetime.fromtimestamp(value / 1000, UTC)
        return f"{at:%Y-%m-%d %H:%M:%S}.{int(value) % 1000:03d}"
    if kind == "bool":
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(round(value, 4))
    return str(value)
