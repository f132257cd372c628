"""What a trace's documents say of it as a whole: the rows by which it is found, and its summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from obsiverse_telemetry.xray.segment import Document, embedded, is_subsegment


class Service(NamedTuple):
    """A row of trace_services, without its trace."""

    name: str
    type: str
    fault: bool
    error: bool
    throttle: bool
    response_time: float
    root: bool


class Edge(NamedTuple):
    """A row of trace_edges, without its trace."""

    source: str
    source_type: str
    target: str
    target_type: str
    fault: bool
    error: bool
    throttle: bool
    response_time: float


@dataclass(frozen=True)
class TraceIndex:
    """The rows of one trace; `trace` by column, without id, account, region and indexed_at."""

    trace: dict[str, Any]
    services: list[Service]
    edges: list[Edge]
    annotations: list[tuple[str, str, str | float | bool]]


class _Node(NamedTuple):
    """A document, and the segment that it is part of."""

    document: Document
    segment: Document


def index_trace(trace_id: str, documents: Sequence[Document]) -> TraceIndex:
    """The index of a trace that has at least one document."""
    nodes = _nodes(documents)
    segments = [one for one in documents if not is_subsegment(one)]
    entries = segments or list(documents)
    root = _root(entries, nodes)
    # A function's own span is a part of what Lambda reports of that function: one service, which does not call itself.
    parts = [one for one in segments if _is_of(nodes.get(str(one.get("parent_id"))), one)]
    services = [_service(one, root=one is root) for one in entries if one not in parts]
    edges: list[Edge] = []
    for node in nodes.values():
        caller = _identity(node.segment)
        callees = [one for one in segments if one.get("parent_id") == node.document["id"] and one not in parts]
        edges += [_edge(caller, _identity(callee), callee) for callee in callees]
        if not callees and node.document.get("namespace") in ("aws", "remote"):
            target = _inferred(node.document)
            services.append(Service(*target, *_outcome(node.document), _seconds(node.document), root=False))
            edges.append(_edge(caller, target, node.document))
    start = min(float(one["start_time"]) for one in documents)
    end = max(_end(one) for one in documents)
    http = _http(root)
    annotations = [
        (name, value, _identity(node.segment)) for node in nodes.values() for name, value in _annotations(node.document)
    ]
    trace: dict[str, Any] = {
        "trace_id": trace_id,
        "start_time": start,
        "end_time": end,
        "duration": end - start,
        "response_time": _seconds(root),
        "fault": bool(root.get("fault")),
        "error": bool(root.get("error")),
        "throttle": bool(root.get("throttle")),
        "partial": any(one.get("in_progress") for one in documents) or not segments,
        "http_status": http.get("HttpStatus"),
        "http_method": http.get("HttpMethod"),
        "http_url": http.get("HttpURL"),
        "client_ip": http.get("ClientIp"),
        "user_agent": http.get("UserAgent"),
    }
    trace["summary"] = orjson.dumps(_summary(trace, root, nodes, services, annotations, http)).decode()
    return TraceIndex(trace, services, edges, [(name, _kind(value), value) for name, value, _ in annotations])


def _nodes(documents: Sequence[Document]) -> dict[str, _Node]:
    """Segments and subsegments, embedded or sent apart, by id."""
    by_id: dict[str, Document] = {}
    parents: dict[str, str] = {}
    for one in documents:
        by_id[str(one["id"])] = one
        if is_subsegment(one):
            parents[str(one["id"])] = str(one.get("parent_id"))
        for part in embedded(one):
            by_id.setdefault(str(part.get("id", id(part))), {"id": str(id(part)), **part})
            parents[str(part.get("id", id(part)))] = str(one["id"])

    def segment_of(identity: str) -> Document:
        seen: set[str] = set()
        while identity in parents and parents[identity] in by_id and identity not in seen:
            seen.add(identity)
            identity = parents[identity]
        return by_id[identity]

    return {identity: _Node(document, segment_of(identity)) for identity, document in by_id.items()}


def _root(entries: Sequence[Document], nodes: Mapping[str, _Node]) -> Document:
    """The first segment without a parent, else the first whose parent is not there, else the first."""
    ordered = sorted(entries, key=lambda one: float(one["start_time"]))
    first = next((one for one in ordered if not one.get("parent_id")), None)
    return first or next((one for one in ordered if str(one["parent_id"]) not in nodes), ordered[0])


def _is_of(caller: _Node | None, segment: Document) -> bool:
    return caller is not None and _identity(caller.segment) == _identity(segment)


def _identity(segment: Document) -> tuple[str, str]:
    return str(segment["name"]), str(segment.get("origin") or ("" if not is_subsegment(segment) else "remote"))


def _inferred(call: Document) -> tuple[str, str]:
    """A service that was called and sent no segment of its own."""
    name = str(call["name"])
    if call.get("namespace") == "remote":
        return name, "remote"
    aws: Mapping[str, Any] = call.get("aws") or {}
    if name == "DynamoDB" and aws.get("table_name"):
        return str(aws["table_name"]), "AWS::DynamoDB::Table"
    if name == "S3" and aws.get("bucket_name"):
        return str(aws["bucket_name"]), "AWS::S3::Bucket"
    return name, f"AWS::{name.replace(' ', '')}"


def _service(segment: Document, *, root: bool) -> Service:
    return Service(*_identity(segment), *_outcome(segment), _seconds(segment), root)


def _edge(source: tuple[str, str], target: tuple[str, str], measured: Document) -> Edge:
    return Edge(*source, *target, *_outcome(measured), _seconds(measured))


def _outcome(document: Document) -> tuple[bool, bool, bool]:
    return bool(document.get("fault")), bool(document.get("error")), bool(document.get("throttle"))


def _end(document: Document) -> float:
    return float(document.get("end_time") or document["start_time"])


def _seconds(document: Document) -> float:
    return round(_end(document) - float(document["start_time"]), 6) if "start_time" in document else 0.0


def _http(root: Document) -> dict[str, Any]:
    http: Mapping[str, Any] = root.get("http") or {}
    request: Mapping[str, Any] = http.get("request") or {}
    response: Mapping[str, Any] = http.get("response") or {}
    members = {
        "HttpURL": request.get("url"),
        "HttpMethod": request.get("method"),
        "UserAgent": request.get("user_agent"),
        "ClientIp": request.get("client_ip"),
        "HttpStatus": response.get("status"),
    }
    return {name: value for name, value in members.items() if value is not None}


def _annotations(document: Document) -> Iterator[tuple[str, str | float | bool]]:
    annotations: Mapping[str, Any] = document.get("annotations") or {}
    for name, value in annotations.items():
        if isinstance(value, str | bool | int | float):
            yield str(name), value


def _kind(value: str | float | bool) -> str:
    return "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"


def _summary(
    trace: Mapping[str, Any],
    root: Document,
    nodes: Mapping[str, _Node],
    services: Sequence[Service],
    annotations: Sequence[tuple[str, str | float | bool, tuple[str, str]]],
    http: Mapping[str, Any],
) -> dict[str, Any]:
    """The API's TraceSummary. https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html"""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, value, service in annotations:
        member = f"{_kind(value).title()}Value"
        found.setdefault(name, []).append({"AnnotationValue": {member: value}, "ServiceIds": [_service_id(*service)]})
    users = {
        str(node.document["user"]): _identity(node.segment) for node in nodes.values() if node.document.get("user")
    }
    calls: list[Mapping[str, Any]] = [node.document.get("aws") or {} for node in nodes.values()]
    arns = {str(aws["resource_arn"]) for aws in calls if aws.get("resource_arn")}
    return {
        "Id": trace["trace_id"],
        "StartTime": trace["start_time"],
        "Duration": round(trace["duration"], 3),
        "ResponseTime": round(trace["response_time"], 3),
        "HasFault": trace["fault"],
        "HasError": trace["error"],
        "HasThrottle": trace["throttle"],
        "IsPartial": trace["partial"],
        "Http": dict(http),
        "Annotations": found,
        "Users": [{"UserName": name, "ServiceIds": [_service_id(*service)]} for name, service in users.items()],
        "ServiceIds": [_service_id(*one) for one in dict.fromkeys((one.name, one.type) for one in services)],
        "ResourceARNs": [{"ARN": arn} for arn in sorted(arns)],
        "EntryPoint": _service_id(*_identity(root)),
        "MatchedEventTime": trace["start_time"],
        "Revision": 0,
    }


def _service_id(name: str, kind: str) -> dict[str, Any]:
    return {"Name": name, "Names": [name], **({"Type": kind} if kind else {})}
