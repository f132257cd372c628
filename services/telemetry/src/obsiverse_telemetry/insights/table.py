"""The log events of a query as a table of DuckDB."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from obsiverse_telemetry.logs.store import Group, LogStore

COLUMNS = {
    "@timestamp": "BIGINT",
    "@ingestionTime": "BIGINT",
    "@message": "VARCHAR",
    "@logStream": "VARCHAR",
    "@log": "VARCHAR",
    "@ptr": "VARCHAR",
    "doc": "VARCHAR",
}
SELECT = """
SELECT e.id, s.name, e.timestamp, e.ingested, e.message FROM events e JOIN streams s ON s.id = e.stream_id
WHERE e.group_id = ? AND e.timestamp >= ? AND e.timestamp <= ? AND (e.timestamp, e.id) > (?, ?)
ORDER BY e.timestamp, e.id LIMIT ?
"""
PAGE = 20_000


def load(
    connection: duckdb.DuckDBPyConnection,
    store: LogStore,
    groups: Sequence[tuple[str, Group]],
    span: tuple[int, int],
    folder: Path,
) -> tuple[int, int]:
    """Make the table `events`; how many there are, and their bytes.

    Args:
        span: from and to, seconds since the epoch, both included.
        folder: for a file of all events, which DuckDB reads many times faster than rows one by one.
    """
    file = folder / "events.json"
    count = size = 0
    with file.open("w") as written:
        for name, group in groups:
            first, last = max(span[0] * 1000, group.oldest), span[1] * 1000 + 999
            after = (-1, -1)
            while True:
                rows = store.read(SELECT, (group.id, first, last, *after, PAGE))
                for identity, stream, at, ingested, message in rows:
                    document = message if _is_object(message) else None
                    values = (at, ingested, message, stream, name, f"{group.id}/{identity}", document)
                    written.write(json.dumps(dict(zip(COLUMNS, values, strict=True))) + "\n")
                    size += len(message)
                count += len(rows)
                if len(rows) < PAGE:
                    break
                after = (rows[-1][2], rows[-1][0])
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    read = f"read_json(?, format = 'newline_delimited', columns = {{{columns}}}, maximum_object_size = 4194304)"
    connection.execute(
        f"CREATE TABLE events AS SELECT * EXCLUDE (doc), CAST(doc AS JSON) AS doc FROM {read}",  # noqa: S608 - ours
        [str(file)],
    )
    return count, size


def _is_object(message: str) -> bool:
    if not message.startswith("{"):
        return False
    try:
        json.loads(message)
    except ValueError:
        return False
    return True
