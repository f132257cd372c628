"""CloudWatch Logs Insights queries: started, waited for, and their rows as frames.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from obsiverse_lookout.data_sources import DataSource
from obsiverse_lookout.jsons import listing, mapping
from obsiverse_lookout.query.aws import Aws, region_of
from obsiverse_lookout.query.frames import Field, Frame
from obsiverse_lookout.query.request import Query, QueryError

TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
HIDDEN = ("@ptr",)
ROWS = 1000
FIRST_WAIT, LONGEST_WAIT = 0.05, 1.0


class CloudWatchLogs:
    """Runs Logs Insights queries."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    async def run(self, source: DataSource, query: Query) -> list[Frame]:
        """The query's frames; raises QueryError."""
        groups, text, region = _log_groups(query), query.text("expression"), region_of(source, query)
        if not text.strip():
            raise QueryError(400, f"expression of query {query.ref_id} is empty", "plugin")
        if not groups and not re.match(r"\s*source\b", text, re.IGNORECASE):
            raise QueryError(400, f"query {query.ref_id} names no log group; choose one", "plugin")
        parameters: dict[str, Any] = {
            "queryString": text,
            "startTime": query.over.start // 1000,
            "endTime": -(-query.over.end // 1000),
            "limit": ROWS,
        }
        if groups:
            parameters["logGroupNames"] = groups
        started = await self._aws.call(source, "logs", region, lambda client: client.start_query(**parameters))
        answer = await self._answer(source, region, started["queryId"])
        frames = rows_frames(answer["results"], _groups(query), query.ref_id)
        statistics = mapping(answer.get("statistics"))
        frames[0].meta["custom"] = {"Status": answer["status"], "Statistics": statistics}
        frames[0].meta["executedQueryString"] = text
        if len(answer["results"]) >= ROWS:
            frames[0].notice(f"The first {ROWS:,} rows are shown; add limit or a filter.", "info")
        return frames

    async def _answer(self, source: DataSource, region: str, query_id: str) -> dict[str, Any]:
        wait = FIRST_WAIT
        try:
            while True:
                answer = await self._aws.call(
                    source, "logs", region, lambda client: client.get_query_results(queryId=query_id)
                )
                if answer["status"] == "Complete":
                    return answer
                if answer["status"] not in ("Scheduled", "Running", "Unknown"):
                    raise QueryError(400, f"the Logs Insights query ended as {answer['status']}")
                # Logs tells no one that it is done; it has to be asked.
                await asyncio.sleep(wait)
                wait = min(wait * 1.5, LONGEST_WAIT)
        except asyncio.CancelledError:
            # What nobody waits for any more still costs by the byte.
            stop = self._aws.call(source, "logs", region, lambda client: client.stop_query(queryId=query_id))
            task = asyncio.ensure_future(stop)
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise


def rows_frames(rows: Sequence[Sequence[Mapping[str, str]]], groups: Sequence[str], ref_id: str) -> list[Frame]:
    """The rows of GetQueryResults as one frame, or as one for each series where a `stats` groups by more than time.

    Args:
        groups: statsGroups: what `stats` groups by.
    """
    names = list(dict.fromkeys(cell["field"] for row in rows for cell in row if cell["field"] not in HIDDEN))
    table = [{cell["field"]: cell.get("value") for cell in row} for row in rows]
    columns = {name: _column(name, [row.get(name) for row in table]) for name in names}
    times = [name for name in names if columns[name].type == "time"]
    texts = [name for name in names if columns[name].type == "string"]
    numbers = [name for name in names if columns[name].type == "number"]
    if groups and times and numbers and texts:
        return _grouped(columns, times[0], texts, numbers, ref_id)
    order = range(len(rows))
    if times and numbers and not texts:
        # Rows of a `stats … by bin()` come in no order, and a series needs one.
        order = sorted(order, key=lambda index: columns[times[0]].values[index] or 0)
    fields = [
        Field(name, columns[name].type, [columns[name].values[index] for index in order], config={"filterable": True})
        for name in names
    ]
    meta: dict[str, Any] = {"preferredVisualisationType": "logs"} if "@message" in names else {}
    return [Frame("", fields, meta, ref_id)]


def _grouped(
    columns: Mapping[str, Field], time: str, texts: Sequence[str], numbers: Sequence[str], ref_id: str
) -> list[Frame]:
    groups: dict[tuple[str, ...], list[int]] = {}
    for index in range(len(columns[time].values)):
        groups.setdefault(tuple(str(columns[name].values[index] or "") for name in texts), []).append(index)
    frames: list[Frame] = []
    for key, indexes in sorted(groups.items()):
        indexes.sort(key=lambda index: columns[time].values[index] or 0)
        labels = dict(zip(texts, key, strict=True))
        shown = " ".join(key)
        fields = [Field("Time", "time", [columns[time].values[index] for index in indexes])]
        for name in numbers:
            called = shown if len(numbers) == 1 else f"{shown} {name}"
            values = [columns[name].values[index] for index in indexes]
            fields.append(Field(name, "number", values, labels, {"displayNameFromDS": called}))
        frames.append(Frame(shown, fields, {"type": "timeseries-multi"}, ref_id))
    return frames


def _column(name: str, values: Sequence[str | None]) -> Field:
    present = [value for value in values if value is not None]
    if present and name != "@message":
        if all(TIME.fullmatch(value) for value in present):
            return Field(name, "time", [None if value is None else _time(value) for value in values])
        if all(NUMBER.fullmatch(value) for value in present):
            return Field(name, "number", [None if value is None else float(value) for value in values])
    return Field(name, "string", list(values))


def _time(text: str) -> int | None:
    try:
        return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None


def _log_groups(query: Query) -> list[str]:
    given = cast("object", query.model.get("logGroups") or query.model.get("logGroupNames") or [])
    if not isinstance(given, list):
        raise QueryError(400, f"logGroups of query {query.ref_id} is not a list", "plugin")
    names: list[str] = []
    for each in cast("list[object]", given):
        if isinstance(each, dict):
            group = cast("dict[str, Any]", each)
            each = group.get("arn") or group.get("name") or ""
        # arn:aws:logs:region:account:log-group:name, with or without :*
        names.append(str(each).removesuffix(":*").split(":log-group:")[-1])
    return list(dict.fromkeys(name for name in names if name))


def _groups(query: Query) -> list[str]:
    return [str(each) for each in listing(query.model.get("statsGroups"))]
