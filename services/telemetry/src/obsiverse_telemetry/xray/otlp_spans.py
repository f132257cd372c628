"""Spans as segment documents: what X-Ray shows of a span that came by OTLP.

A span begins a segment of its own where it has no parent, serves a caller or has its parent in another process; any other is a
subsegment. Attributes are read under the stable and the older names of OpenTelemetry's semantic conventions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from obsiverse_telemetry.otlp import attributes
from obsiverse_telemetry.xray.otlp import Received
from obsiverse_telemetry.xray.segment import NAME_MAX, Stored, trace_id_of

HAS_REMOTE, IS_REMOTE = 0x100, 0x200  # of a span's flags
ORIGINS = {
    "aws_api_gateway": "AWS::ApiGateway::Stage",
    "aws_app_runner": "AWS::AppRunner::Service",
    "aws_ec2": "AWS::EC2::Instance",
    "aws_ecs": "AWS::ECS::Container",
    "aws_eks": "AWS::EKS::Container",
    "aws_elastic_beanstalk": "AWS::ElasticBeanstalk::Environment",
    "aws_lambda": "AWS::Lambda::Function",
    "aws_sagemaker": "AWS::SageMaker::Endpoint",
}
"""By the resource attribute cloud.platform. `aws_api_gateway` and `aws_sagemaker` are this platform's: OpenTelemetry has none."""
AWS_MEMBERS = {
    "aws.request_id": "request_id",
    "aws.requestId": "request_id",
    "aws.s3.bucket": "bucket_name",
    "aws.s3.key": "key",
    "aws.sqs.queue.url": "queue_url",
    "aws.sagemaker.endpoint.name": "endpoint_name",
}
ANNOTATION_PREFIX = "annotation."
MESSAGE_MAX = 1000
_NOT_IN_ANNOTATIONS = re.compile(r"\W", re.ASCII)
_NOT_IN_NAMES = re.compile(r"[^\w\s.:/%&#=+\-@]")


def stored(received: Received) -> Stored:
    """A span's segment document, as it is kept."""
    document = document_of(received)
    text = orjson.dumps(document, default=str).decode()
    return Stored(document["trace_id"], document["id"], document["end_time"], text)


def document_of(received: Received) -> dict[str, Any]:
    """A span's segment document."""
    span, resource = received.span, received.resource
    given = received.attributes
    document: dict[str, Any] = {
        "id": span.span_id.hex(),
        "trace_id": trace_id_of(span.trace_id),
        "start_time": span.start_time_unix_nano / 1e9,
        "end_time": max(span.end_time_unix_nano, span.start_time_unix_nano) / 1e9,
    }
    if span.parent_span_id:
        document["parent_id"] = span.parent_span_id.hex()
    if _begins_segment(span):
        document["name"] = _name(str(resource.get("service.name") or span.name))
        origin = ORIGINS.get(str(resource.get("cloud.platform")))
        if origin:
            document["origin"] = origin
    else:
        document["type"] = "subsegment"
        document |= _call(span, given)
    http = _http(given)
    if http:
        document["http"] = http
    aws = _aws(given, resource)
    if aws:
        document["aws"] = aws
    user = given.get("enduser.id") or given.get("user.id")
    if user:
        document["user"] = str(user)
    document |= _outcome(span, http)
    annotations, metadata = _split(given, resource)
    if annotations:
        document["annotations"] = annotations
    if metadata:
        document["metadata"] = {"default": metadata}
    if span.links:
        document["links"] = [{"trace_id": trace_id_of(one.trace_id), "id": one.span_id.hex()} for one in span.links]
    return document


def _begins_segment(span: Span) -> bool:
    if not span.parent_span_id or span.kind in (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CONSUMER):
        return True
    return bool(span.flags & HAS_REMOTE and span.flags & IS_REMOTE)


def _call(span: Span, given: Mapping[str, Any]) -> dict[str, Any]:
    """Name and namespace of a subsegment: whom a client's span called, or what was done."""
    if given.get("rpc.system") == "aws-api" or given.get("rpc.system.name") == "aws-api":
        return {"name": _name(str(given.get("rpc.service") or span.name)), "namespace": "aws"}
    if span.kind in (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER):
        names = ("peer.service", "db.namespace", "db.name", "server.address", "net.peer.name")
        called = next((str(given[name]) for name in names if given.get(name)), span.name)
        return {"name": _name(called), "namespace": "remote"}
    return {"name": _name(span.name)}


def _name(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name)[:NAME_MAX] or "unknown"


def _first(given: Mapping[str, Any], *names: str) -> Any:
    return next((given[name] for name in names if given.get(name) is not None), None)


def _http(given: Mapping[str, Any]) -> dict[str, Any]:
    url = _first(given, "url.full", "http.url")
    if url is None and (path := _first(given, "url.path", "http.target", "http.route")):
        scheme = _first(given, "url.scheme", "http.scheme") or "http"
        host = _first(given, "server.address", "http.host", "net.host.name") or "localhost"
        url = f"{scheme}://{host}{path}"
    request = {
        "method": _first(given, "http.request.method", "http.method"),
        "url": url if _first(given, "http.request.method", "http.method") else None,
        "user_agent": _first(given, "user_agent.original", "http.user_agent"),
        "client_ip": _first(given, "client.address", "http.client_ip"),
    }
    response = {
        "status": _first(given, "http.response.status_code", "http.status_code"),
        "content_length": _first(given, "http.response.body.size", "http.response_content_length"),
    }
    parts = {"request": request, "response": response}
    present = {part: {key: one for key, one in members.items() if one is not None} for part, members in parts.items()}
    return {part: members for part, members in present.items() if members}


def _aws(given: Mapping[str, Any], resource: Mapping[str, Any]) -> dict[str, Any]:
    members = {
        "account_id": resource.get("cloud.account.id"),
        "region": given.get("aws.region") or resource.get("cloud.region"),
        "resource_arn": given.get("cloud.resource_id") or resource.get("cloud.resource_id"),
        **{member: given.get(name) for name, member in AWS_MEMBERS.items() if name in given},
    }
    if "rpc.system" in given or "rpc.system.name" in given:
        members["operation"] = given.get("rpc.method")
    tables = given.get("aws.dynamodb.table_names")
    if tables:
        members["table_name"] = tables[0] if isinstance(tables, list) else tables
    return {name: value for name, value in members.items() if value is not None}


def _outcome(span: Span, http: Mapping[str, Any]) -> dict[str, Any]:
    status = http.get("response", {}).get("status")
    code = int(status) if str(status).isdigit() else None
    found: dict[str, Any] = {}
    if code is not None and 400 <= code < 500:
        found["error"] = True
        if code == 429:
            found["throttle"] = True
    elif (code is not None and code >= 500) or (code is None and span.status.code == Status.STATUS_CODE_ERROR):
        found["fault"] = True
    exceptions = [
        _exception(span, index, attributes(event.attributes))
        for index, event in enumerate(span.events)
        if event.name == "exception"
    ]
    if exceptions:
        found["cause"] = {"exceptions": exceptions}
    elif span.status.message and found:
        found["cause"] = {"message": span.status.message[:MESSAGE_MAX]}
    return found


def _exception(span: Span, index: int, given: Mapping[str, Any]) -> dict[str, Any]:
    # X-Ray wants 16 digits that are this exception's; the span's are, but for a few bits.
    identity = (int.from_bytes(span.span_id, "big") ^ (index + 1)) & (1 << 64) - 1
    stack = str(given.get("exception.stacktrace") or "").splitlines()
    return {
        "id": f"{identity:016x}",
        "type": str(given.get("exception.type") or ""),
        "message": str(given.get("exception.message") or "")[:MESSAGE_MAX],
        **({"stack": [{"label": line.strip()} for line in stack if line.strip()]} if stack else {}),
    }


def _split(given: Mapping[str, Any], resource: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Annotations, by which traces are found, and what is only shown."""
    listed: Any = given.get("aws.xray.annotations") or ()
    chosen: set[Any] = {listed} if isinstance(listed, str) else set(listed)
    annotations: dict[str, Any] = {}
    metadata: dict[str, Any] = {f"otel.resource.{name}": value for name, value in resource.items()}
    for name, value in given.items():
        if name == "aws.xray.annotations":
            continue
        scalar = isinstance(value, str | bool | int | float)
        if scalar and (name in chosen or name.startswith(ANNOTATION_PREFIX)):
            annotations[_NOT_IN_ANNOTATIONS.sub("_", name.removeprefix(ANNOTATION_PREFIX))] = value
        else:
            metadata[name] = value
    return annotations, metadata


def transaction(received: Received) -> dict[str, Any]:
    """A span as Transaction Search keeps it in the log group aws/spans."""
    span = received.span
    return {
        "resource": {"attributes": received.resource},
        "scope": {"name": received.scope},
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        **({"parentSpanId": span.parent_span_id.hex()} if span.parent_span_id else {}),
        "flags": span.flags,
        "name": span.name,
        "kind": Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        "startTimeUnixNano": span.start_time_unix_nano,
        "endTimeUnixNano": span.end_time_unix_nano,
        "durationNano": span.end_time_unix_nano - span.start_time_unix_nano,
        "attributes": received.attributes,
        "status": {"code": Status.StatusCode.Name(span.status.code).removeprefix("STATUS_CODE_")},
    }
