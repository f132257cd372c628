"""What came to a group since its reader last looked, however it came: an operation of ours, for the edge's filters and its live tail."""

from __future__ import annotations

from typing import Any

from obsiverse_telemetry.logs.filter_pattern import parse
from obsiverse_telemetry.logs.log_events import COLUMNS
from obsiverse_telemetry.logs.request import Request
from obsiverse_telemetry.logs.store import Event, Group, LogStore

PAGE = 1000  # events


def new_events(store: LogStore, request: Request) -> dict[str, Any]:
    """ObsiverseNewEvents.

    Members: `logGroupName`; `after`, an event's id, or else `reader`, a name under which the group's last `acknowledge`d id is kept;
    `filterPattern`, `logStreamNames` and `logStreamNamePrefixes`, which leave out what they do not match.

    Returns `events` in the order they came in, of at most 1,000 looked at, and `last`, the id to go on after. Who asks with neither
    `after` nor anything acknowledged gets no events, but where they will begin.
    """
    group = request.group(store)
    reader, acknowledged = request.optional_text("reader"), request.integer("acknowledge")
    if reader is not None and acknowledged is not None:
        _acknowledge(store, group, reader, acknowledged)
    after = request.integer("after")
    if after is None and reader is not None:
        after = _acknowledged(store, group, reader)
    if after is None:
        [(newest,)] = store.read("SELECT ifnull(max(id), 0) FROM events")
        if reader is not None:
            _acknowledge(store, group, reader, newest)
        return {"events": [], "last": newest}
    # The + keeps SQLite to the order of ids: few events are newer than the last look, whatever group they are of.
    rows = store.read(
        f"SELECT {COLUMNS} WHERE e.id > ? AND +e.group_id = ? ORDER BY e.id LIMIT ?",
        (after, group.id, PAGE),
    )
    events = [Event(*row) for row in rows]
    pattern = parse(str(request.members.get("filterPattern") or ""))
    names, prefixes = request.texts("logStreamNames"), request.texts("logStreamNamePrefixes")
    wanted = [
        event
        for event in events
        if (names is None or event.stream in names)
        and (prefixes is None or event.stream.startswith(tuple(prefixes)))
        and pattern.matches(event.message)
    ]
    shown = [
        {"logStreamName": e.stream, "timestamp": e.timestamp, "message": e.message, "ingestionTime": e.ingested}
        for e in wanted
    ]
    return {"events": shown, "last": events[-1].id if events else after}


def _acknowledged(store: LogStore, group: Group, reader: str) -> int | None:
    rows = store.read("SELECT last FROM readers WHERE group_id = ? AND name = ?", (group.id, reader))
    return rows[0][0] if rows else None


def _acknowledge(store: LogStore, group: Group, reader: str, last: int) -> None:
    with store.writing() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO readers (group_id, name, last) VALUES (?, ?, ?)", (group.id, reader, last)
        )
