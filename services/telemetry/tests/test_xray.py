"""X-Ray: spans by OTLP, segments by the API and by UDP, and traces read back with boto3."""

from __future__ import annotations

import gzip
import json
import secrets
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from aws_xray_sdk.core.recorder import AWSXRayRecorder
from botocore.exceptions import ClientError
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from otlp_spans import new_trace, pairs, request, span, xray_id
from running_service import Service, eventually, free_port

PROTOBUF = {"content-type": "application/x-protobuf"}


@pytest.fixture(scope="module")
def udp() -> int:
    return free_port(socket.SOCK_DGRAM)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, udp: int) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("xray"), TELEMETRY_XRAY_DAEMON=f"127.0.0.1:{udp}")
    yield service
    service.end()


@pytest.fixture(scope="module")
def xray(service: Service) -> Any:
    client = service.client("xray")
    client.update_trace_segment_destination(Destination="CloudWatchLogs")
    eventually(lambda: client.get_trace_segment_destination()["Status"] == "ACTIVE")
    client.update_indexing_rule(Name="Default", Rule={"Probabilistic": {"DesiredSamplingPercentage": 100}})
    return client


def send(service: Service, sent: ExportTraceServiceRequest) -> ExportTraceServiceResponse:
    answer = service.post("/v1/traces", sent.SerializeToString(), "xray", PROTOBUF)
    assert answer.status_code == 200, answer.text
    return ExportTraceServiceResponse.FromString(answer.content)


def summaries(xray: Any, expression: str = "") -> list[dict[str, Any]]:
    now = time.time()
    filtered = {"FilterExpression": expression} if expression else {}
    pages = xray.get_paginator("get_trace_summaries").paginate(StartTime=now - 600, EndTime=now + 60, **filtered)
    return [one for page in pages for one in page["TraceSummaries"]]


def documents(xray: Any, trace_id: str) -> list[dict[str, Any]]:
    [trace] = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
    return [json.loads(segment["Document"]) for segment in trace["Segments"]]


def shop() -> tuple[bytes, dict[str, list[Span]]]:
    """A front end that calls a back end, which calls S3."""
    trace = new_trace()
    entry = span(
        trace,
        "GET /",
        kind=Span.SPAN_KIND_SERVER,
        http__request__method="GET",
        url__path="/cart",
        http__response__status_code=200,
    )
    call = span(
        trace, "POST", parent=entry, kind=Span.SPAN_KIND_CLIENT, peer__service="back", http__request__method="POST"
    )
    serve = span(
        trace,
        "POST /",
        parent=call,
        kind=Span.SPAN_KIND_SERVER,
        http__request__method="POST",
        http__response__status_code=503,
    )
    work = span(trace, "work", parent=serve)
    put = span(
        trace,
        "S3.PutObject",
        parent=work,
        kind=Span.SPAN_KIND_CLIENT,
        rpc__system="aws-api",
        rpc__service="S3",
        rpc__method="PutObject",
        aws__s3__bucket="cold",
    )
    return trace, {"front": [entry, call], "back": [serve, work, put]}


def test_spans_are_a_trace_with_parents_services_and_edges(service: Service, xray: Any) -> None:
    trace, sent = shop()
    assert not send(service, request(**sent)).HasField("partial_success")
    [summary] = eventually(lambda: [one for one in summaries(xray) if one["Id"] == xray_id(trace)], 3)
    assert summary["Http"] | {"HttpURL": ""} == {"HttpURL": "", "HttpStatus": 200, "HttpMethod": "GET"}
    assert (summary["HasFault"], summary["EntryPoint"]["Name"]) == (False, "front")
    front, back = sorted(documents(xray, xray_id(trace)), key=lambda one: one["name"] != "front")
    assert (front["name"], back["name"], back["fault"]) == ("front", "back", True)
    [call] = front["subsegments"]
    assert (call["name"], call["namespace"], back["parent_id"]) == ("back", "remote", call["id"])
    [work] = back["subsegments"]
    [put] = work["subsegments"]
    assert (put["name"], put["namespace"]) == ("S3", "aws")
    assert put["aws"] == {"operation": "PutObject", "bucket_name": "cold"}
    graph = xray.get_trace_graph(TraceIds=[xray_id(trace)])["Services"]
    names = {one["ReferenceId"]: one["Name"] for one in graph}
    edges = {(one["Name"], names[edge["ReferenceId"]]) for one in graph for edge in one["Edges"]}
    assert edges == {("client", "front"), ("front", "back"), ("back", "cold")}
    [answered] = [one for one in graph if one["Name"] == "back"]
    assert answered["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 1
    now = time.time()
    whole = xray.get_service_graph(StartTime=now - 600, EndTime=now + 60)["Services"]
    assert {"front", "back", "cold", "client"} <= {one["Name"] for one in whole}


def test_a_span_of_the_function_that_lambda_named_already_is_the_same_node(service: Service, xray: Any) -> None:
    trace, now = new_trace(), time.time()
    function = {"trace_id": xray_id(trace), "id": secrets.token_hex(8), "name": "fn", "origin": "AWS::Lambda::Function"}
    xray.put_trace_segments(TraceSegmentDocuments=[json.dumps({**function, "start_time": now - 1, "end_time": now})])
    handler = span(trace, "handler", kind=Span.SPAN_KIND_SERVER)
    handler.parent_span_id = bytes.fromhex(function["id"])
    sent = request(fn=[handler])
    sent.resource_spans[0].resource.attributes.extend(pairs(cloud__platform="aws_lambda"))
    send(service, sent)

    def nodes() -> list[dict[str, Any]]:
        graph = xray.get_trace_graph(TraceIds=[xray_id(trace)])["Services"]
        return graph if len(documents(xray, xray_id(trace))) == 2 else []

    [node] = [one for one in eventually(nodes) if one["Name"] == "fn"]
    assert (node["Edges"], node["SummaryStatistics"]["TotalCount"]) == ([], 1)


def test_spans_are_also_in_the_log_group_of_transaction_search(service: Service, xray: Any) -> None:
    trace, sent = shop()
    send(service, request(**sent))
    found = service.client("logs").filter_log_events(
        logGroupName="aws/spans", filterPattern=f'{{ $.traceId = "{trace.hex()}" }}'
    )["events"]
    assert {json.loads(one["message"])["name"] for one in found} == {"GET /", "POST", "POST /", "work", "S3.PutObject"}


@pytest.mark.parametrize("compressed", [True, False])
def test_json_is_taken_as_protobuf_is(service: Service, xray: Any, compressed: bool) -> None:
    trace = new_trace()
    body = json_format.MessageToDict(request(front=[span(trace, "GET /")]))
    [sent] = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    sent["traceId"], sent["spanId"] = trace.hex(), "00f067aa0ba902b7"
    content = json.dumps(body).encode()
    headers = {"content-type": "application/json"} | ({"content-encoding": "gzip"} if compressed else {})
    answer = service.post("/v1/traces", gzip.compress(content) if compressed else content, "xray", headers)
    assert (answer.status_code, answer.json()) == (200, {})
    assert [one["id"] for one in documents(xray, xray_id(trace))] == ["00f067aa0ba902b7"]


def test_segments_and_spans_of_one_trace_meet(service: Service, xray: Any) -> None:
    trace = new_trace()
    call = span(trace, "call", kind=Span.SPAN_KIND_CLIENT, peer__service="classic")
    send(service, request(modern=[call]))
    now = time.time()
    classic = {
        "trace_id": xray_id(trace),
        "id": secrets.token_hex(8),
        "parent_id": call.span_id.hex(),
        "name": "classic",
    }
    put = xray.put_trace_segments(
        TraceSegmentDocuments=[json.dumps({**classic, "start_time": now - 1, "in_progress": True})]
    )
    assert put["UnprocessedTraceSegments"] == []
    xray.put_trace_segments(TraceSegmentDocuments=[json.dumps({**classic, "start_time": now - 1, "end_time": now})])
    found = documents(xray, xray_id(trace))
    assert {one["name"] for one in found} == {"modern", "classic"}
    assert not any(one.get("in_progress") for one in found)


def test_datagrams_of_the_sdks_are_traces(xray: Any, udp: int) -> None:
    trace = xray_id(new_trace())
    now = time.time()
    segment = {"trace_id": trace, "id": secrets.token_hex(8), "name": "old", "start_time": now - 1, "end_time": now}
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        sender.sendto(b"nonsense", ("127.0.0.1", udp))
        sender.sendto(b'{"format": "json", "version": 1}\n' + json.dumps(segment).encode(), ("127.0.0.1", udp))
    found = eventually(lambda: xray.batch_get_traces(TraceIds=[trace])["Traces"])
    assert json.loads(found[0]["Segments"][0]["Document"])["name"] == "old"


def test_the_xray_sdk_works_unchanged(xray: Any, udp: int) -> None:
    recorder = AWSXRayRecorder()
    recorder.configure(daemon_address=f"127.0.0.1:{udp}", sampling=False, service="sdk")
    with recorder.in_segment("checkout") as sent, recorder.in_subsegment("pay") as part:
        part.put_annotation("tier", "gold")
    trace = sent.trace_id
    eventually(lambda: xray.batch_get_traces(TraceIds=[trace])["Traces"])
    [found] = documents(xray, trace)
    assert (found["id"], found["name"]) == (sent.id, "checkout")
    assert found["subsegments"][0]["annotations"] == {"tier": "gold"}
    [summary] = eventually(lambda: [one for one in summaries(xray, 'annotation.tier = "gold"') if one["Id"] == trace])
    assert summary["EntryPoint"]["Name"] == "checkout"


def test_malformed_documents_are_named_and_the_others_kept(xray: Any) -> None:
    trace = xray_id(new_trace())
    now = time.time()
    good = {"trace_id": trace, "id": "53995c3f42cd8ad8", "name": "good", "start_time": now - 1, "end_time": now}
    bad = [
        ("{", "ParseError"),
        (json.dumps({**good, "id": "short"}), "InvalidId"),
        (json.dumps({**good, "trace_id": "1-x"}), "InvalidTraceId"),
        (json.dumps({**good, "name": ""}), "InvalidName"),
        (json.dumps({**good, "end_time": None}), "InvalidEndTime"),
        (json.dumps({**good, "metadata": "x" * 65536}), "SegmentTooLarge"),
    ]
    put = xray.put_trace_segments(TraceSegmentDocuments=[*(text for text, _ in bad), json.dumps(good)])
    assert [one["ErrorCode"] for one in put["UnprocessedTraceSegments"]] == [code for _, code in bad]
    assert [one["name"] for one in documents(xray, trace)] == ["good"]


def test_what_is_over_the_limits_is_refused(service: Service, xray: Any) -> None:
    def status(body: bytes, **headers: str) -> tuple[int, str]:
        answer = service.post("/v1/traces", body, "xray", {**PROTOBUF, **headers})
        return answer.status_code, Status.FromString(answer.content).message

    assert status(b"\x0a\xff")[0] == 400
    assert status(b"x" * (6 << 20))[0] == 413
    assert status(gzip.compress(b"x" * (6 << 20)), **{"content-encoding": "gzip"})[0] == 413
    assert status(b"no gzip", **{"content-encoding": "gzip"})[0] == 400
    assert status(b"", **{"content-encoding": "zstd"})[0] == 415
    trace = new_trace()
    many = request(front=[span(trace, "s") for _ in range(10_001)])
    code, message = status(many.SerializeToString())
    assert (code, "10001" in message) == (400, True)


def test_spans_that_are_too_old_or_too_new_are_counted_and_the_others_taken(service: Service, xray: Any) -> None:
    trace = new_trace()
    spans = [span(trace, "old", age=15 * 86400), span(trace, "new", age=-3 * 3600), span(trace, "now")]
    answer = send(service, request(front=spans)).partial_success
    assert (answer.rejected_spans, "14 days" in answer.error_message) == (2, True)
    assert len(documents(xray, xray_id(trace))) == 1


def test_without_transaction_search_spans_are_refused(service: Service, xray: Any) -> None:
    other = service.client("xray", account="111111111111")
    assert other.get_trace_segment_destination() | {"ResponseMetadata": 0} == {
        "Destination": "XRay",
        "Status": "ACTIVE",
        "ResponseMetadata": 0,
    }
    xray.update_trace_segment_destination(Destination="XRay")
    answer = service.post("/v1/traces", request(front=[span(new_trace(), "s")]).SerializeToString(), "xray", PROTOBUF)
    assert answer.status_code == 400
    assert b"The OTLP API is supported with CloudWatch Logs as a Trace Segment Destination" in answer.content
    xray.update_trace_segment_destination(Destination="CloudWatchLogs")
    assert xray.get_trace_segment_destination()["Status"] == "PENDING"
    eventually(lambda: xray.get_trace_segment_destination()["Status"] == "ACTIVE")


def test_signatures_are_checked(service: Service, xray: Any) -> None:
    body = request(front=[span(new_trace(), "s")]).SerializeToString()
    assert service.post("/v1/traces", body, "aps", PROTOBUF).status_code == 403
    assert service.post("/v1/traces", body, "xray", PROTOBUF, secret="wrong").status_code == 403
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        service.client("xray", secret="wrong").get_groups()


def test_summaries_are_found_by_expression(service: Service, xray: Any) -> None:
    mark = secrets.token_hex(4)
    traces = {}
    for status in (200, 404, 500):
        trace = new_trace()
        one = span(
            trace,
            "GET",
            kind=Span.SPAN_KIND_SERVER,
            http__request__method="GET",
            url__full=f"http://shop/{mark}",
            http__response__status_code=status,
            annotation__mark=mark,
            annotation__status=status,
        )
        send(service, request(**{f"shop-{mark}": [one]}))
        traces[status] = xray_id(trace)
    eventually(lambda: len(summaries(xray, f'annotation.mark = "{mark}"')) == 3)

    def found(expression: str) -> set[int]:
        ids = {one["Id"] for one in summaries(xray, f'annotation.mark = "{mark}" AND ({expression})')}
        return {status for status, trace in traces.items() if trace in ids}

    assert found("ok") == {200}
    assert found("fault = true") == {500}
    assert found("!fault AND !error") == {200}
    assert found("error OR http.status >= 500") == {404, 500}
    assert found("annotation[status] > 200") == {404, 500}
    assert found(f'service("shop-{mark}") {{ fault }}') == {500}
    assert found(f'service(id(name: "shop-{mark}"))') == {200, 404, 500}
    assert found(
        f'http.url CONTAINS "{mark}" AND http.url BEGINSWITH "http://shop" AND http.url ENDSWITH "{mark}"'
    ) == {200, 404, 500}
    assert found("responsetime > 5") == set()
    assert found('edge("a", "b")') == set()
    group = xray.create_group(GroupName=mark, FilterExpression=f'annotation.mark = "{mark}" AND fault')["Group"]
    now = time.time()
    graph = xray.get_service_graph(StartTime=now - 600, EndTime=now + 60, GroupName=mark)["Services"]
    [node] = [one for one in graph if one["Name"] == f"shop-{mark}"]
    assert node["SummaryStatistics"]["TotalCount"] == 1
    xray.delete_group(GroupARN=group["GroupARN"])


def test_an_expression_that_cannot_be_read_is_refused_with_the_position(xray: Any) -> None:
    with pytest.raises(ClientError, match="position 19") as caught:
        summaries(xray, "fault AND service(3")
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Any) -> None:
    service = Service(tmp_path)
    trace = xray_id(new_trace())
    now = time.time()
    segment = {"trace_id": trace, "id": "53995c3f42cd8ad8", "name": "kept", "start_time": now - 1, "end_time": now}
    service.client("xray").put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])
    service.end(kill=True)
    service.start()
    try:
        xray = service.client("xray")
        assert [one["name"] for one in documents(xray, trace)] == ["kept"]
        eventually(lambda: [one["Id"] for one in summaries(xray)] == [trace])
    finally:
        service.end()


def test_groups_and_sampling_rules_have_tags_from_the_start_and_none_of_one_before(xray: Any) -> None:
    everything = dict.fromkeys(("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*")
    rule = {"RuleName": "tagged", "Priority": 2, "FixedRate": 1.0, "ReservoirSize": 1, "Version": 1, **everything}

    def tags(arn: str) -> list[dict[str, str]]:
        return xray.list_tags_for_resource(ResourceARN=arn)["Tags"]

    for given in ([{"Key": "team", "Value": "ml"}], []):
        group = xray.create_group(GroupName="tagged", FilterExpression="fault", Tags=given)["Group"]["GroupARN"]
        made = xray.create_sampling_rule(SamplingRule=rule, Tags=given)["SamplingRuleRecord"]["SamplingRule"]
        assert tags(group) == tags(made["RuleARN"]) == given
        xray.update_group(GroupName="tagged", FilterExpression="error")
        assert tags(group) == given
        xray.tag_resource(ResourceARN=made["RuleARN"], Tags=[{"Key": "stage", "Value": "lab"}])
        assert {"Key": "stage", "Value": "lab"} in tags(made["RuleARN"])
        xray.delete_group(GroupName="tagged")
        xray.delete_sampling_rule(RuleName="tagged")
        assert tags(group) == tags(made["RuleARN"]) == []


def test_sampling_rules_are_what_the_sdks_ask_for(xray: Any) -> None:
    names = [one["SamplingRule"]["RuleName"] for one in xray.get_sampling_rules()["SamplingRuleRecords"]]
    assert names == ["Default"]
    rule = {
        "RuleName": "all",
        "Priority": 1,
        "FixedRate": 1.0,
        "ReservoirSize": 10,
        "ServiceName": "*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "ResourceARN": "*",
        "Version": 1,
    }
    made = xray.create_sampling_rule(SamplingRule=rule)["SamplingRuleRecord"]["SamplingRule"]
    with pytest.raises(ClientError, match="already exists"):
        xray.create_sampling_rule(SamplingRule=rule)
    with pytest.raises(ClientError, match="FixedRate"):
        xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "all", "FixedRate": 2})
    report = {"RuleName": "all", "Timestamp": time.time(), "RequestCount": 5, "SampledCount": 5, "BorrowCount": 0}
    reports = [{**report, "ClientID": secrets.token_hex(12)} for _ in range(2)]
    targets = xray.get_sampling_targets(SamplingStatisticsDocuments=reports)
    assert [one["ReservoirQuota"] for one in targets["SamplingTargetDocuments"]] == [10, 5]
    [summary] = xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"]
    assert summary["RequestCount"] == 10
    assert xray.delete_sampling_rule(RuleARN=made["RuleARN"])["SamplingRuleRecord"]["SamplingRule"]["RuleName"] == "all"
