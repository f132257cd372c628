"""X-Ray's answers as the frames that Grafana's traces, node graph and table panels draw.

Traces: https://grafana.com/docs/grafana/latest/panels-visualizations/visualizations/traces/
Node graphs: https://grafana.com/docs/grafana/latest/panels-visualizations/visualizations/node-graph/
Segment documents: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from obsiverse_lookout.jsons import listing, mapping
from obsiverse_lookout.query.frames import Field, FieldType, Frame

ALL = "All"
ARCS = (("success", "green"), ("faults", "red"), ("errors", "semi-dark-yellow"), ("throttled", "purple"))
ARC_NAMES = {"success": "Success", "faults": "Fault", "errors": "Error", "throttled": "Throttled"}
SPAN: dict[str, FieldType] = {
    "traceID": "string",
    "spanID": "string",
    "parentSpanID": "string",
    "operationName": "string",
    "serviceName": "string",
    "serviceTags": "other",
    "startTime": "number",
    "duration": "number",
    "logs": "other",
    "tags": "other",
    "warnings": "other",
    "stackTraces": "other",
    "errorIconColor": "string",
}


def summaries(found: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Frame:
    """Trace summaries as a table; the response time is in seconds.

    Args:
        columns: names of those wanted, or `All`.
    """
    http = [mapping(summary.get("Http")) for summary in found]
    fields = [
        Field("Id", "string", [summary["Id"] for summary in found]),
        Field("Start Time", "time", [_start_of(summary) for summary in found]),
        Field("Method", "string", [each.get("HttpMethod") for each in http]),
        Field("Response", "number", [each.get("HttpStatus") for each in http]),
        Field("Response Time", "number", [summary.get("Duration") for summary in found], config={"unit": "s"}),
        Field("URL", "string", [each.get("HttpURL") for each in http]),
        Field("Client IP", "string", [each.get("ClientIp") for each in http]),
        Field("Annotations", "number", [_count(summary.get("Annotations")) for summary in found]),
    ]
    chosen = fields if ALL in columns else [each for each in fields if each.name in columns]
    return Frame("TraceSummaries", chosen or fields, {"preferredVisualisationType": "table"})


def _start_of(summary: Mapping[str, Any]) -> int | None:
    if (start := summary.get("StartTime")) is not None:
        return round(start.timestamp() * 1000)
    # The id of a trace holds the second in which it began.
    parts = str(summary["Id"]).split("-")
    return int(parts[1], 16) * 1000 if len(parts) > 1 else None


def _count(annotations: Any) -> int:
    return sum(len(values) for values in mapping(annotations).values())


def trace(trace_id: str, segments: Sequence[Mapping[str, Any]]) -> Frame:
    """A trace's spans, a row for each segment and subsegment; times are in milliseconds."""
    spans: list[dict[str, Any]] = []
    for segment in segments:
        document = cast("dict[str, Any]", json.loads(segment["Document"]))
        name, tags = str(document.get("name", "")), _service_tags(document)
        spans += _spans(trace_id, document, document.get("parent_id"), name, tags)
    ids = {span["spanID"] for span in spans}
    for span in spans:
        # A caller that sent no segment would leave its callees hanging in the air.
        if span["parentSpanID"] not in ids:
            span["parentSpanID"] = None
    spans.sort(key=lambda span: span["startTime"])
    fields = [Field(name, kind, [span[name] for span in spans]) for name, kind in SPAN.items()]
    return Frame("Trace", fields, {"preferredVisualisationType": "trace", "custom": {"traceFormat": "xray"}})


def _spans(
    trace_id: str, document: Mapping[str, Any], parent: str | None, service: str, tags: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    start, end = float(document.get("start_time", 0)), document.get("end_time")
    yield {
        "traceID": trace_id,
        "spanID": document.get("id"),
        "parentSpanID": parent,
        "operationName": document.get("name", ""),
        "serviceName": service,
        "serviceTags": tags,
        "startTime": start * 1000,
        "duration": (float(end) - start) * 1000 if end else 0.0,
        "logs": [],
        "tags": _tags(document),
        "warnings": None,
        "stackTraces": _stack_traces(document) or None,
        # A fault stays in the panel's own red.
        "errorIconColor": "mediumpurple" if document.get("throttle") else "#FFC46E" if document.get("error") else None,
    }
    for below in listing(document.get("subsegments")):
        yield from _spans(trace_id, below, document.get("id"), service, tags)


def _tags(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    tags: list[dict[str, Any]] = []
    for part in ("aws", "http", "sql", "annotations", "metadata"):
        tags += [{"key": key, "value": value} for key, value in _flat(part, document.get(part))]
    tags += [{"key": key, "value": document[key]} for key in ("origin", "namespace") if document.get(key)]
    if document.get("in_progress"):
        tags.append({"key": "in progress", "value": True})
    tags += [{"key": key, "value": True} for key in ("fault", "throttle") if document.get(key)]
    if document.get("error") or document.get("fault") or document.get("throttle"):
        tags.append({"key": "error", "value": True})
    return tags


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, below in cast("dict[str, Any]", value).items():
            yield from _flat(f"{name}.{key}", below)
    elif isinstance(value, list):
        for index, below in enumerate(cast("list[Any]", value)):
            yield from _flat(f"{name}.{index}", below)
    elif value is not None:
        yield name, value


def _service_tags(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    aws = mapping(document.get("aws"))
    tags: list[dict[str, Any]] = [{"key": "name", "value": document.get("name", "")}]
    for key in ("ec2", "ecs", "eks", "elastic_beanstalk", "region"):
        tags += [{"key": name, "value": value} for name, value in _flat(key, aws.get(key))]
    url = mapping(mapping(document.get("http")).get("request")).get("url")
    try:
        host = urlsplit(str(url)).hostname if url else None
    except ValueError:
        host = None
    return [*tags, {"key": "hostname", "value": host}] if host else tags


def _stack_traces(document: Mapping[str, Any]) -> list[str]:
    # A cause may also be just the id of an exception told elsewhere in the trace.
    exceptions = listing(mapping(document.get("cause")).get("exceptions"))
    made: list[str] = []
    for each in exceptions:
        lines = [f"{each.get('type', 'Error')}: {each.get('message', '')}"]
        lines += [f"at {at.get('label')} ({at.get('path')}:{at.get('line')})" for at in listing(each.get("stack"))]
        made.append("\n".join(lines))
    return made


def service_map(services: Sequence[Mapping[str, Any]]) -> list[Frame]:
    """A service graph's nodes and edges; shares are from 0 to 1, times in milliseconds, counts by the minute."""
    known = {service["ReferenceId"]: service for service in services}
    edges = [
        (service, edge)
        for service in services
        for edge in listing(service.get("Edges"))
        if edge["ReferenceId"] in known
    ]
    return [_nodes(services), _edges(edges, known)]


def _nodes(services: Sequence[Mapping[str, Any]]) -> Frame:
    # A client has no statistics of its own; its calls have.
    measured = [
        service if service.get("SummaryStatistics") else next(iter(listing(service.get("Edges"))), service)
        for service in services
    ]
    shares = [_shares(each) for each in measured]
    fields = [
        Field("id", "string", [str(service["ReferenceId"]) for service in services]),
        Field("title", "string", [service.get("Name", "") for service in services], config={"displayName": "Name"}),
        Field("subtitle", "string", [service.get("Type", "") for service in services], config={"displayName": "Type"}),
        Field(
            "mainstat",
            "number",
            [_mean_ms(each) for each in measured],
            config={"unit": "ms/t", "displayName": "Average response time"},
        ),
        Field(
            "secondarystat",
            "number",
            [_by_minute(each) for each in measured],
            config={"unit": "t/min", "displayName": "Transactions per minute"},
        ),
    ]
    for arc, colour in ARCS:
        config = {"color": {"fixedColor": colour, "mode": "fixed"}, "displayName": ARC_NAMES[arc]}
        fields.append(Field(f"arc__{arc}", "number", [share[arc] for share in shares], config=config))
    return Frame("nodes", fields, {"preferredVisualisationType": "nodeGraph"})


def _edges(
    edges: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], known: Mapping[int, Mapping[str, Any]]
) -> Frame:
    fields = [
        Field("id", "string", [f"{source['ReferenceId']}__{edge['ReferenceId']}" for source, edge in edges]),
        Field("source", "string", [str(source["ReferenceId"]) for source, _ in edges]),
        Field("sourceName", "string", [source.get("Name", "") for source, _ in edges]),
        Field("target", "string", [str(edge["ReferenceId"]) for _, edge in edges]),
        Field("targetName", "string", [known[edge["ReferenceId"]].get("Name", "") for _, edge in edges]),
        Field(
            "mainstat",
            "string",
            [_worst(edge) for _, edge in edges],
            config={"displayName": "Response percentage"},
        ),
        Field(
            "secondarystat",
            "number",
            [_by_minute(edge) for _, edge in edges],
            config={"unit": "t/min", "displayName": "Transactions per minute"},
        ),
    ]
    return Frame("edges", fields, {"preferredVisualisationType": "nodeGraph"})


def _shares(measured: Mapping[str, Any]) -> dict[str, float]:
    statistics = mapping(measured.get("SummaryStatistics"))
    total = statistics.get("TotalCount") or 0
    error, fault = mapping(statistics.get("ErrorStatistics")), mapping(statistics.get("FaultStatistics"))
    counts = {
        "success": statistics.get("OkCount", 0),
        "faults": fault.get("TotalCount", 0),
        "throttled": error.get("ThrottleCount", 0),
        # A throttled call is an error too; the ring would be longer than round.
        "errors": max(0, error.get("TotalCount", 0) - error.get("ThrottleCount", 0)),
    }
    return {name: count / total if total else 0.0 for name, count in counts.items()}


def _worst(edge: Mapping[str, Any]) -> str:
    shares = _shares(edge)
    for name in ("faults", "errors", "throttled"):
        if shares[name]:
            return f"{name.capitalize()} {shares[name]:.2%}"
    return f"Success {shares['success']:.2%}" if shares["success"] else "N/A"


def _mean_ms(measured: Mapping[str, Any]) -> float:
    statistics = mapping(measured.get("SummaryStatistics"))
    total = statistics.get("TotalCount") or 0
    return statistics.get("TotalResponseTime", 0) / total * 1000 if total else 0.0


def _by_minute(measured: Mapping[str, Any]) -> float | None:
    start, end = measured.get("StartTime"), measured.get("EndTime")
    if not isinstance(start, datetime) or not isinstance(end, datetime) or end <= start:
        return None
    count = mapping(measured.get("SummaryStatistics")).get("TotalCount", 0)
    # One call of a millisecond is one in a minute, not sixty thousand.
    return count / max(1.0, (end - start).total_seconds() / 60)
