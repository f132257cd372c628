"""PutTraceSegments, BatchGetTraces, GetTraceSummaries, GetTraceGraph and GetServiceGraph."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from obsiverse_telemetry.xray.errors import InvalidRequestException
from obsiverse_telemetry.xray.filter_expression import compile_filter
from obsiverse_telemetry.xray.request import Request
from obsiverse_telemetry.xray.segment import Document, Malformed, Stored, is_subsegment, parse
from obsiverse_telemetry.xray.service_graph import service_graph
from obsiverse_telemetry.xray.store import XRayStore

LIMIT_BATCH = 5
PAGE = 100
LONGEST_SUMMARIES, LONGEST_GRAPH = 24 * 3600.0, 6 * 3600.0
DOCUMENTS_MAX = 50
TIME_COLUMNS = {"TraceId": "start_time", "Event": "end_time", "Service": "start_time"}


def segments_of(request: Request) -> tuple[list[Stored], list[dict[str, Any]]]:
    """The documents of a PutTraceSegments, and its UnprocessedTraceSegments."""
    taken: list[Stored] = []
    unprocessed: list[dict[str, Any]] = []
    for text in request.texts("TraceSegmentDocuments", DOCUMENTS_MAX):
        try:
            taken.append(parse(text))
        except Malformed as error:
            identity = {"Id": error.segment_id} if error.segment_id else {}
            unprocessed.append({**identity, "ErrorCode": error.code, "Message": str(error)})
    return taken, unprocessed


class Traces:
    """What is asked of the stored traces."""

    def __init__(self, store: XRayStore) -> None:
        self._store = store

    def batch_get_traces(self, request: Request) -> dict[str, Any]:
        """BatchGetTraces."""
        traces: list[dict[str, Any]] = []
        missing: list[str] = []
        for trace_id in request.texts("TraceIds", LIMIT_BATCH):
            documents = self._store.documents(request.owner, trace_id)
            if not documents:
                missing.append(trace_id)
                continue
            start = min(float(one["start_time"]) for one in documents)
            end = max(float(one.get("end_time") or one["start_time"]) for one in documents)
            segments = [{"Id": one["id"], "Document": json.dumps(one)} for one in nested(documents)]
            traces.append(
                {"Id": trace_id, "Duration": round(end - start, 3), "LimitExceeded": False, "Segments": segments}
            )
        return {"Traces": traces, "UnprocessedTraceIds": missing}

    def get_trace_summaries(self, request: Request) -> dict[str, Any]:
        """GetTraceSummaries, newest first."""
        span = request.span(LONGEST_SUMMARIES)
        column = TIME_COLUMNS.get(request.optional_text("TimeRangeType") or "TraceId")
        if column is None:
            raise InvalidRequestException(f"TimeRangeType must be one of {', '.join(TIME_COLUMNS)}.")
        where, parameters = compile_filter(request.optional_text("FilterExpression") or "")
        after = _after(request.optional_text("NextToken"))
        rows = self._store.summaries(
            request.owner, span, by=column, where=where, parameters=parameters, limit=PAGE + 1, after=after
        )
        answer: dict[str, Any] = {
            "TraceSummaries": [json.loads(summary) for _, summary in rows[:PAGE]],
            "TracesProcessedCount": self._store.count(request.owner, span, column),
            "ApproximateTime": time.time(),
        }
        if len(rows) > PAGE:
            answer["NextToken"] = str(rows[PAGE - 1][0])
        return answer

    def get_trace_graph(self, request: Request) -> dict[str, Any]:
        """GetTraceGraph."""
        wanted = request.texts("TraceIds", LIMIT_BATCH)
        marks = ", ".join("?" * len(wanted))
        services, edges = self._store.graph_rows(request.owner, f"trace_id IN ({marks})", wanted)
        return {"Services": service_graph(services, edges)}

    def get_service_graph(self, request: Request, expression: str | None) -> dict[str, Any]:
        """GetServiceGraph, of the traces that a group's filter expression finds, or of all."""
        start, end = request.span(LONGEST_GRAPH)
        where, parameters = compile_filter(expression or "")
        services, edges = self._store.graph_rows(
            request.owner, f"start_time >= ? AND start_time <= ? AND ({where})", [start, end, *parameters]
        )
        return {
            "StartTime": start,
            "EndTime": end,
            "Services": service_graph(services, edges),
            "ContainsOldGroupVersions": False,
        }


def nested(documents: Sequence[Document]) -> list[Document]:
    """Segments with the subsegments that were sent apart put where they belong; one whose parent is not there stands alone."""
    copies: list[dict[str, Any]] = [json.loads(json.dumps(one)) for one in documents]
    by_id: dict[str, dict[str, Any]] = {}

    def gather(document: dict[str, Any]) -> None:
        by_id[str(document.get("id"))] = document
        for part in document.get("subsegments") or ():
            gather(part)

    for one in copies:
        gather(one)
    top: list[Document] = []
    for one in sorted(copies, key=_start):
        parent = by_id.get(str(one.get("parent_id"))) if is_subsegment(one) else None
        if parent is None or _is_within(parent, one, by_id):
            top.append(one)
        else:
            parent.setdefault("subsegments", []).append(one)
    return top


def _is_within(document: Document, other: Document, by_id: Mapping[str, Document]) -> bool:
    """Whether a document is part of another, by the parents that it and those say."""
    seen: set[int] = set()
    at: Document | None = document
    while at is not None and id(at) not in seen:
        if at is other:
            return True
        seen.add(id(at))
        at = by_id.get(str(at.get("parent_id"))) if is_subsegment(at) else None
    return False


def _start(document: Mapping[str, Any]) -> float:
    return float(document["start_time"])


def _after(token: str | None) -> int:
    if token is None:
        return 0
    if not token.isdecimal():
        raise InvalidRequestException("NextToken is not one that this operation gave.")
    return int(token)
