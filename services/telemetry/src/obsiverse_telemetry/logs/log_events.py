"""Events in and out: PutLogEvents, GetLogEvents, FilterLogEvents and TestMetricFilter."""

from __future__ import annotations

import re
from typing import Any

from obsiverse_telemetry.logs.errors import InvalidParameterException
from obsiverse_telemetry.logs.filter_pattern import parse
from obsiverse_telemetry.logs.request import Request, invalid
from obsiverse_telemetry.logs.store import DAY, Event, LogStore, now

MAX_EVENTS, MAX_BYTES, EVENT_OVERHEAD = 10_000, 1 << 20, 26
OLDEST, NEWEST, SPAN = 14 * DAY, DAY // 12, DAY
SCANNED_MAX = 100_000  # events that one FilterLogEvents looks at before it answers, with a token
FOREVER = (1 << 62, 1 << 62)
Position = tuple[int, int]
_TOKEN = re.compile(r"([fb])/(\d{20})(\d{36})(?:/s)?", re.ASCII)
COLUMNS = "e.id, s.name, e.timestamp, e.ingested, e.message FROM events e JOIN streams s ON s.id = e.stream_id"


def put_log_events(store: LogStore, request: Request) -> dict[str, Any]:
    """PutLogEvents."""
    events, size = _read_events(request)
    group = request.group(store)
    stream = request.stream(store, group)
    moment = now()
    expired = sum(at < group.oldest for at, _ in events)
    too_old = sum(at < moment - OLDEST for at, _ in events)
    first_too_new = next((index for index, (at, _) in enumerate(events) if at > moment + NEWEST), len(events))
    kept = events[max(expired, too_old) : first_too_new]
    if kept:
        store.add(group, stream, kept, size)
    rejected: dict[str, int] = {}
    if first_too_new < len(events):
        rejected["tooNewLogEventStartIndex"] = first_too_new
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired > too_old:
        rejected["expiredLogEventEndIndex"] = expired
    token = {"nextSequenceToken": f"{stream.id:056d}"}
    return {**token, "rejectedLogEventsInfo": rejected} if rejected else token


def _read_events(request: Request) -> tuple[list[tuple[int, str]], int]:
    given = request.objects("logEvents")
    if len(given) > MAX_EVENTS:
        raise invalid("logEvents", "[...]", f"Member must have length less than or equal to {MAX_EVENTS}")
    events: list[tuple[int, str]] = []
    size, earlier = 0, 0
    for one in given:
        try:
            at, message = one["timestamp"], one["message"]
        except (TypeError, KeyError):
            raise invalid("logEvents", one, "Member must have a timestamp and a message") from None
        if type(at) is not int or at < 0 or type(message) is not str or not message:
            raise invalid("logEvents", one, "Member must have a time in milliseconds and a message that is not empty")
        if at < earlier:
            raise InvalidParameterException(
                "Log events in a single PutLogEvents request must be in chronological order."
            )
        earlier = at
        size += len(message.encode("utf-8", "replace")) + EVENT_OVERHEAD
        # A lone surrogate is JSON, but no text that can be kept.
        events.append((at, message.encode("utf-8", "replace").decode() if not message.isascii() else message))
    if size > MAX_BYTES:
        raise InvalidParameterException(f"Upload too large: {size} bytes exceeds limit of {MAX_BYTES}")
    if events[-1][0] - events[0][0] > SPAN:
        raise InvalidParameterException(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    return events, size


def get_log_events(store: LogStore, request: Request) -> dict[str, Any]:
    """GetLogEvents. A token is a position between events, so that it is good however many are added."""
    limit = request.integer("limit", 1, MAX_EVENTS) or MAX_EVENTS
    start, end = request.integer("startTime") or 0, request.integer("endTime")
    token = request.optional_text("nextToken")
    forward, at = _position(token) if token else (bool(request.members.get("startFromHead")), None)
    group = request.group(store)
    stream = request.stream(store, group)
    at = at or ((0, 0) if forward else FOREVER)
    comparison, order = (">", "ASC") if forward else ("<", "DESC")
    rows = store.read(
        f"SELECT {COLUMNS} WHERE e.stream_id = ? AND e.timestamp >= ? AND e.timestamp < ? "
        f"AND (e.timestamp, e.id) {comparison} (?, ?) ORDER BY e.timestamp {order}, e.id {order} LIMIT ?",
        (stream.id, max(start, group.oldest), FOREVER[0] if end is None else end, *at, limit),
    )
    events = _within([Event(*row) for row in rows])
    if not forward:
        events.reverse()
    if events:
        before, after = (events[0].timestamp, events[0].id), (events[-1].timestamp, events[-1].id)
    elif at == FOREVER:
        before = after = (0, 0)
    else:
        # The other direction finds what lies next to here.
        before, after = ((at[0], at[1] + 1), at) if forward else (at, (at[0], max(at[1] - 1, 0)))
    return {
        "events": [{"timestamp": e.timestamp, "message": e.message, "ingestionTime": e.ingested} for e in events],
        "nextForwardToken": _token("f", after),
        "nextBackwardToken": _token("b", before),
    }


def _within(events: list[Event]) -> list[Event]:
    size = 0
    for count, event in enumerate(events):
        size += len(event.message.encode()) + EVENT_OVERHEAD
        if size > MAX_BYTES and count:
            return events[:count]
    return events


def _token(direction: str, position: Position) -> str:
    return f"{direction}/{position[0]:020d}{position[1]:036d}/s"


def _position(token: str) -> tuple[bool, Position]:
    found = _TOKEN.fullmatch(token)
    if found is None or int(found[3]) > FOREVER[1] or int(found[2]) > FOREVER[0]:
        raise InvalidParameterException("The specified nextToken is invalid.")
    return found[1] == "f", (int(found[2]), int(found[3]))


def filter_log_events(store: LogStore, request: Request) -> dict[str, Any]:
    """FilterLogEvents."""
    limit = request.integer("limit", 1, MAX_EVENTS) or MAX_EVENTS
    start, end = request.integer("startTime") or 0, request.integer("endTime")
    names, prefix = request.texts("logStreamNames"), request.optional_text("logStreamNamePrefix")
    if names and prefix:
        raise InvalidParameterException("logStreamNames and logStreamNamePrefix are mutually exclusive.")
    pattern = parse(str(request.members.get("filterPattern") or ""))
    token = request.optional_text("nextToken")
    at: Position = _position(token)[1] if token else (0, 0)
    group = request.group(store)
    streams = [
        one.id
        for one in store.streams(group)
        if (names is None or one.name in names) and one.name.startswith(prefix or "")
    ]
    some = "" if names is None and prefix is None else f"AND e.stream_id IN ({','.join(map(str, streams))}) "
    found: list[Event] = []
    scanned = size = 0
    more = True
    while more and scanned < SCANNED_MAX:
        page = store.read(
            f"SELECT {COLUMNS} WHERE e.group_id = ? AND e.timestamp >= ? AND e.timestamp <= ? {some}"
            "AND (e.timestamp, e.id) > (?, ?) ORDER BY e.timestamp, e.id LIMIT ?",
            (group.id, max(start, group.oldest), FOREVER[0] if end is None else end, *at, MAX_EVENTS),
        )
        more = len(page) == MAX_EVENTS
        for index, event in enumerate(Event(*row) for row in page):
            scanned += 1
            if pattern.matches(event.message):
                size += len(event.message.encode()) + EVENT_OVERHEAD
                if len(found) == limit or (found and size > MAX_BYTES):
                    return _filtered(found, at)
                found.append(event)
            at = (event.timestamp, event.id)
            if len(found) == limit and index < len(page) - 1:
                return _filtered(found, at)
    return _filtered(found, at if more else None)


def _filtered(events: list[Event], position: Position | None) -> dict[str, Any]:
    shown = [
        {
            "logStreamName": event.stream,
            "timestamp": event.timestamp,
            "message": event.message,
            "ingestionTime": event.ingested,
            "eventId": f"{event.timestamp:020d}{event.id:036d}",
        }
        for event in events
    ]
    answer: dict[str, Any] = {"events": shown, "searchedLogStreams": []}
    return answer if position is None else {**answer, "nextToken": _token("f", position)}


def test_metric_filter(store: LogStore, request: Request) -> dict[str, Any]:
    """TestMetricFilter: which messages match, and what a metric's value may be taken from."""
    messages = request.texts("logEventMessages")
    if messages is None:
        raise invalid("logEventMessages", None, "Member must not be null")
    pattern = parse(str(request.members.get("filterPattern") or ""))
    return {
        "matches": [
            {"eventNumber": number, "eventMessage": message, "extractedValues": pattern.extract(message)}
            for number, message in enumerate(messages, 1)
            if pattern.matches(message)
        ]
    }
