"""X-Ray queries: trace summaries, a trace, a service map.

The query model is that of Grafana's X-Ray plugin: https://grafana.com/docs/plugins/grafana-x-ray-datasource/latest/
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, cast

from obsiverse_lookout.data_sources import DataSource
from obsiverse_lookout.query.aws import Aws, region_of
from obsiverse_lookout.query.frames import Frame
from obsiverse_lookout.query.request import Query, QueryError
from obsiverse_lookout.query.xray_frames import service_map, summaries, trace

SUMMARIES, TRACE, SERVICE_MAP = "getTraceSummaries", "getTrace", "getServiceMap"
TRACE_ID = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
OTEL_ID = re.compile(r"[0-9a-fA-F]{32}")
DEFAULT_GROUP = "Default"
MOST_TRACES = 1000


def trace_id(text: str) -> str | None:
    """An X-Ray trace id out of one of its own or of OpenTelemetry's, which exemplars carry; None for other texts."""
    plain = text.strip().lower()
    if TRACE_ID.fullmatch(plain):
        return plain
    return f"1-{plain[:8]}-{plain[8:]}" if OTEL_ID.fullmatch(plain) else None


class XRay:
    """Runs X-Ray queries."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    async def run(self, source: DataSource, query: Query) -> list[Frame]:
        """The query's frames; raises QueryError."""
        kind = query.text("queryType") or SUMMARIES
        region = region_of(source, query)
        # Typing a trace's id into the search field asks for that trace.
        known = trace_id(query.text("query"))
        if kind == TRACE or (kind == SUMMARIES and known):
            frames = await self._trace(source, region, query, known)
        elif kind == SUMMARIES:
            frames = await self._summaries(source, region, query)
        elif kind == SERVICE_MAP:
            frames = await self._service_map(source, region, query)
        else:
            raise QueryError(
                400,
                f"queryType {kind!r} of X-Ray is not known to Lookout; it knows {SUMMARIES}, {TRACE} and {SERVICE_MAP}",
                "plugin",
            )
        for frame in frames:
            frame.ref_id = query.ref_id
        return frames

    async def _summaries(self, source: DataSource, region: str, query: Query) -> list[Frame]:
        terms = [query.text("query").strip(), _group(query).get("FilterExpression") or ""]
        expression = " AND ".join(term for term in terms if term)
        parameters = _times(query) | ({"FilterExpression": expression} if expression else {})

        def ask(client: Any) -> tuple[list[dict[str, Any]], bool]:
            found: list[dict[str, Any]] = []
            for page in client.get_paginator("get_trace_summaries").paginate(**parameters):
                found += page["TraceSummaries"]
                if len(found) >= MOST_TRACES:
                    return found[:MOST_TRACES], bool(page.get("NextToken")) or len(found) > MOST_TRACES
            return found, False

        found, more = await self._aws.call(source, "xray", region, ask)
        columns = query.model.get("columns") or ["All"]
        frame = summaries(
            found, [str(each) for each in cast("list[object]", columns)] if isinstance(columns, list) else ["All"]
        )
        if more:
            frame.notice(
                f"More than {MOST_TRACES:,} traces match; the first {MOST_TRACES:,} are shown. Narrow the filter."
            )
        return [frame]

    async def _trace(self, source: DataSource, region: str, query: Query, known: str | None) -> list[Frame]:
        text = query.text("query").strip()
        if not known:
            raise QueryError(400, f"{text!r} is no trace id, such as 1-5759e988-bd862e3fe1be46a994272793", "plugin")
        answer = await self._aws.call(source, "xray", region, lambda client: client.batch_get_traces(TraceIds=[known]))
        if not answer["Traces"]:
            raise QueryError(404, f"trace {known} not found")
        return [trace(known, answer["Traces"][0]["Segments"])]

    async def _service_map(self, source: DataSource, region: str, query: Query) -> list[Frame]:
        parameters = _times(query)
        name = _group(query).get("GroupName")
        if name and name != DEFAULT_GROUP:
            parameters["GroupName"] = name

        def ask(client: Any) -> list[dict[str, Any]]:
            pages = client.get_paginator("get_service_graph").paginate(**parameters)
            return [service for page in pages for service in page["Services"]]

        return service_map(await self._aws.call(source, "xray", region, ask))


def _times(query: Query) -> dict[str, Any]:
    return {
        "StartTime": datetime.fromtimestamp(query.over.start / 1000, UTC),
        "EndTime": datetime.fromtimestamp(query.over.end / 1000, UTC),
    }


def _group(query: Query) -> dict[str, Any]:
    given = query.model.get("group")
    return cast("dict[str, Any]", given) if isinstance(given, dict) else {}
