"""Groups and streams: what the edge tells of them, and DescribeLogStreams."""

from __future__ import annotations

import sqlite3
from typing import Any

from obsiverse_telemetry.logs.errors import InvalidParameterException, ResourceAlreadyExistsException
from obsiverse_telemetry.logs.request import Request, group_name
from obsiverse_telemetry.logs.store import LogStore, Stream, now

PAGE = 50


def create_log_group(store: LogStore, request: Request) -> None:
    """CreateLogGroup."""
    values = (request.account, request.region, request.text("logGroupName"), now())
    try:
        with store.writing() as connection:
            connection.execute("INSERT INTO groups (account, region, name, created) VALUES (?, ?, ?, ?)", values)
    except sqlite3.IntegrityError:
        raise ResourceAlreadyExistsException("The specified log group already exists") from None


def delete_log_group(store: LogStore, request: Request) -> None:
    """DeleteLogGroup, with its streams and events."""
    group = request.group(store)
    with store.writing() as connection:
        connection.execute("DELETE FROM events WHERE group_id = ?", (group.id,))
        connection.execute("DELETE FROM streams WHERE group_id = ?", (group.id,))
        connection.execute("DELETE FROM readers WHERE group_id = ?", (group.id,))
        connection.execute("DELETE FROM groups WHERE id = ?", (group.id,))


def put_retention_policy(store: LogStore, request: Request) -> None:
    """PutRetentionPolicy."""
    days = request.integer("retentionInDays", 1)
    if days is None:
        raise InvalidParameterException("retentionInDays is required")
    _retain(store, request, days)


def delete_retention_policy(store: LogStore, request: Request) -> None:
    """DeleteRetentionPolicy."""
    _retain(store, request, None)


def _retain(store: LogStore, request: Request, days: int | None) -> None:
    group = request.group(store)
    with store.writing() as connection:
        connection.execute("UPDATE groups SET retention = ? WHERE id = ?", (days, group.id))


def create_log_stream(store: LogStore, request: Request) -> None:
    """CreateLogStream."""
    name = request.text("logStreamName")
    if len(name) > 512 or ":" in name or "*" in name:
        raise InvalidParameterException("Log stream names are of 1 to 512 characters, none of them ':' or '*'.")
    group = request.group(store)
    try:
        with store.writing() as connection:
            connection.execute(
                "INSERT INTO streams (group_id, name, created) VALUES (?, ?, ?)", (group.id, name, now())
            )
    except sqlite3.IntegrityError:
        raise ResourceAlreadyExistsException("The specified log stream already exists") from None


def delete_log_stream(store: LogStore, request: Request) -> None:
    """DeleteLogStream, with its events."""
    stream = request.stream(store, request.group(store))
    with store.writing() as connection:
        connection.execute("DELETE FROM events WHERE stream_id = ?", (stream.id,))
        connection.execute("DELETE FROM streams WHERE id = ?", (stream.id,))


def describe_log_streams(store: LogStore, request: Request) -> dict[str, Any]:
    """DescribeLogStreams."""
    prefix, order = request.optional_text("logStreamNamePrefix"), request.members.get("orderBy", "LogStreamName")
    by_time = order == "LastEventTime"
    if order not in ("LastEventTime", "LogStreamName"):
        raise InvalidParameterException(f"'{order}' is not LogStreamName or LastEventTime.")
    if prefix and by_time:
        raise InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.")
    token, limit = request.optional_text("nextToken") or "0", request.integer("limit", 1, PAGE) or PAGE
    if not (token.isascii() and token.isdigit()):
        raise InvalidParameterException("The specified nextToken is invalid.")
    streams = [one for one in store.streams(request.group(store)) if one.name.startswith(prefix or "")]
    if by_time:
        streams.sort(key=lambda one: one.last or one.created)
    if request.members.get("descending"):
        streams.reverse()
    first = int(token)
    name = group_name(request.optional_text("logGroupName") or request.text("logGroupIdentifier"))
    arn = f"arn:aws:logs:{request.region}:{request.account}:log-group:{name}:log-stream:"
    answer: dict[str, Any] = {"logStreams": [_described(one, arn) for one in streams[first : first + limit]]}
    if first + limit < len(streams):
        answer["nextToken"] = str(first + limit)
    return answer


def _described(stream: Stream, arn: str) -> dict[str, Any]:
    # AWS ceased to tell a stream's bytes in 2019: they are always 0.
    shown: dict[str, Any] = {
        "logStreamName": stream.name,
        "creationTime": stream.created,
        "arn": arn + stream.name,
        "storedBytes": 0,
    }
    if stream.last is not None:
        times = {"firstEventTimestamp": stream.first, "lastEventTimestamp": stream.last}
        shown |= {**times, "lastIngestionTime": stream.ingested, "uploadSequenceToken": f"{stream.id:056d}"}
    return shown
