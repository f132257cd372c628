"""Queries of CloudWatch's metrics (by moto), and of Logs Insights and X-Ray (by the stack's own data planes)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from conftest import ACCOUNT, REGION
from running import Lookout, eventually

KEYS = {
    "jsonData": {"authType": "keys", "defaultRegion": REGION},
    "secureJsonData": {"accessKey": ACCOUNT, "secretKey": "test"},
}
TRACE = "5f0c1e2d"
GROUP = "/obsiverse/lookout"


def client(service: str, endpoint: str) -> Any:
    return botocore.session.get_session().create_client(
        service, region_name=REGION, endpoint_url=endpoint, aws_access_key_id=ACCOUNT, aws_secret_access_key="test"
    )


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, cloudwatch: str, planes: str) -> Iterator[Lookout]:
    lookout = Lookout(tmp_path_factory.mktemp("aws"))
    for name, kind, endpoint in (
        ("metrics", "cloudwatch", cloudwatch),
        ("logs", "cloudwatch", planes),
        ("xray", "grafana-x-ray-datasource", planes),
    ):
        members = KEYS | {"jsonData": {**KEYS["jsonData"], "endpoint": endpoint}}
        lookout.add_source(name, kind, **members)
    _put_metrics(client("cloudwatch", cloudwatch))
    yield lookout
    lookout.close()


def _put_metrics(cloudwatch: Any) -> None:
    minute = int(time.time()) // 60 * 60
    cloudwatch.put_metric_data(
        Namespace="Test",
        MetricData=[
            {
                "MetricName": "Invocations",
                "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
                "Timestamp": datetime.fromtimestamp(minute - 60 * back, UTC),
                "Value": float(back),
            }
            for endpoint in ("clinical", "nlp")
            for back in (1, 2, 3)
        ],
    )


def metric(endpoint: str = "clinical", **members: Any) -> dict[str, Any]:
    return {
        "datasource": {"uid": "metrics"},
        "queryMode": "Metrics",
        "region": "default",
        "namespace": "Test",
        "metricName": "Invocations",
        "statistic": "Sum",
        "dimensions": {"EndpointName": endpoint},
        "period": "60",
        **members,
    }


def test_metric_comes_in_order_of_time_with_its_dimensions(asked: Lookout) -> None:
    result = asked.query(metric(label="${LABEL} of clinical"), start="now-10m")["A"]
    [frame] = result["frames"]
    time_field, value = frame["schema"]["fields"]
    assert time_field["config"]["interval"] == 60_000
    assert value["labels"] == {"EndpointName": "clinical"}
    assert value["config"]["displayNameFromDS"].endswith("of clinical")
    assert frame["data"]["values"][1] == [3.0, 2.0, 1.0]
    assert frame["data"]["values"][0] == sorted(frame["data"]["values"][0])


def test_math_over_other_queries_and_hidden_ones(asked: Lookout) -> None:
    both = {
        "datasource": {"uid": "metrics"},
        "region": "default",
        "metricEditorMode": 1,
        "expression": "m1 + m2",
        "id": "e1",
    }
    results = asked.query(metric(id="m1", hide=True), metric("nlp", id="m2"), both, start="now-10m")
    assert "A" not in results
    assert results["B"]["frames"][0]["data"]["values"][1] == [3.0, 2.0, 1.0]
    # moto computes no metric math; what counts is that the request has the other queries, or it would name them as undefined.
    assert "m1" not in (results["C"].get("error") or "")


def test_statistics_of_a_metric_are_each_their_own(asked: Lookout) -> None:
    wanted = {"A": "Sum", "B": "Maximum", "C": "SampleCount"}
    each = {ref: metric(refId=ref, statistic=stat) for ref, stat in wanted.items()}
    answer = asked.query(*each.values(), start="now-2h")
    found = {ref: [frame["data"]["values"][1] for frame in result["frames"]] for ref, result in answer.items()}
    assert found == {"A": [[3, 2, 1]], "B": [[3, 2, 1]], "C": [[1, 1, 1]]}


def test_statistic_that_is_wrong_leaves_the_others_of_its_metric(asked: Lookout) -> None:
    answer = asked.query(metric(refId="A"), metric(refId="B", statistic="p101"), start="now-1h")
    assert answer["A"]["frames"][0]["data"]["values"][1] == [3, 2, 1]
    assert answer["B"]["error"]


def test_metric_query_that_is_wrong_leaves_the_others(asked: Lookout) -> None:
    results = asked.query(metric(metricName=""), metric(period="soon"), metric(id="Big"), metric(), start="now-10m")
    for ref_id, said in {"A": "metricName", "B": "is no duration", "C": "small letter"}.items():
        assert said in results[ref_id]["error"]
    assert results["D"]["status"] == 200


def test_names_come_from_what_is_there(asked: Lookout) -> None:
    def resource(path: str, **query: str) -> list[Any]:
        answer = asked.anonymous.get(f"/api/datasources/uid/metrics/resources/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return [each["value"] for each in answer.json()]

    assert resource("namespaces") == ["Test"]
    assert resource("metrics", namespace="Test") == [{"name": "Invocations", "namespace": "Test"}]
    assert resource("dimension-keys", namespace="Test") == ["EndpointName"]
    assert resource("dimension-values", namespace="Test", dimensionKey="EndpointName") == ["clinical", "nlp"]
    filters = json.dumps({"EndpointName": "nlp"})
    assert resource("dimension-values", namespace="Test", dimensionKey="EndpointName", dimensionFilters=filters) == [
        "nlp"
    ]
    path = "/api/datasources/uid/metrics/resources/dimension-values"
    assert asked.anonymous.get(path).status_code == 400
    assert asked.anonymous.get(path, params={"dimensionKey": "x", "dimensionFilters": "["}).status_code == 400


@pytest.fixture(scope="module")
def logged(planes: str) -> None:
    logs = client("logs", planes)
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    now = int(time.time() * 1000)
    events = [
        {
            "timestamp": now - 1000 * index,
            "message": json.dumps({"level": "ERROR" if index % 3 == 0 else "INFO", "took": index}),
        }
        for index in range(9, -1, -1)
    ]
    logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=events)


def insights(expression: str, **members: Any) -> dict[str, Any]:
    groups = [{"name": GROUP, "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:*"}]
    return {
        "datasource": {"uid": "logs"},
        "queryMode": "Logs",
        "expression": expression,
        "logGroups": groups,
        **members,
    }


@pytest.mark.usefixtures("logged")
def test_log_rows_have_times_and_messages(asked: Lookout) -> None:
    [frame] = asked.query(insights("fields @timestamp, @message, took | sort took | limit 4"))["A"]["frames"]
    assert [(field["name"], field["type"]) for field in frame["schema"]["fields"]] == [
        ("@timestamp", "time"),
        ("@message", "string"),
        ("took", "number"),
    ]
    assert frame["data"]["values"][2] == [0, 1, 2, 3]
    assert frame["schema"]["meta"]["preferredVisualisationType"] == "logs"
    assert frame["schema"]["meta"]["custom"]["Status"] == "Complete"


@pytest.mark.parametrize(
    "groups",
    [
        {"logGroups": [{"arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:*"}] * 2},
        {"logGroups": [{"arn": "", "name": GROUP}]},
        {"logGroups": [], "logGroupNames": [GROUP]},
    ],
)
@pytest.mark.usefixtures("logged")
def test_log_groups_are_named_as_grafana_names_them(asked: Lookout, groups: dict[str, Any]) -> None:
    [frame] = asked.query(insights("fields took | limit 1", **groups))["A"]["frames"]
    assert len(frame["data"]["values"][0]) == 1


@pytest.mark.usefixtures("logged")
def test_statistics_by_group_are_a_series_each(asked: Lookout) -> None:
    query = insights("stats count(*) as hits by bin(1h) as at, level", statsGroups=["at", "level"])
    frames = asked.query(query, start="now-3h")["A"]["frames"]
    totals = {frame["schema"]["name"]: sum(frame["data"]["values"][1]) for frame in frames}
    assert totals == {"ERROR": 4.0, "INFO": 6.0}
    assert {frame["schema"]["fields"][1]["labels"]["level"] for frame in frames} == {"ERROR", "INFO"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (insights("fields @message | nonsense"), "MalformedQueryException"),
        (insights("fields @message", logGroups=[{"name": "/none"}]), "ResourceNotFoundException"),
        (insights(""), "is empty"),
        (insights("fields @message", logGroups=[]), "no log group"),
        (insights("fields @message", logGroups="x"), "not a list"),
        (insights("fields @message", queryMode="Annotations"), "queryMode"),
    ],
)
@pytest.mark.usefixtures("logged")
def test_log_query_that_is_wrong_says_why(asked: Lookout, query: dict[str, Any], said: str) -> None:
    assert said in asked.query(query)["A"]["error"]


@pytest.fixture(scope="module")
def traced(planes: str) -> str:
    """A trace of two services; the second one fails."""
    now = time.time()
    trace_id = f"1-{int(now):08x}-{'ab' * 12}"
    front = {
        "name": "front",
        "id": "1" * 16,
        "trace_id": trace_id,
        "start_time": now - 2,
        "end_time": now - 1,
        "origin": "AWS::ECS::Container",
        "http": {"request": {"method": "GET", "url": "http://front.example/x"}, "response": {"status": 500}},
        "fault": True,
        "annotations": {"model": "clinical"},
        "subsegments": [
            {"name": "back", "id": "2" * 16, "start_time": now - 1.8, "end_time": now - 1.2, "namespace": "remote"}
        ],
    }
    back = {
        "name": "back",
        "id": "3" * 16,
        "parent_id": "2" * 16,
        "trace_id": trace_id,
        "start_time": now - 1.7,
        "end_time": now - 1.3,
        "fault": True,
        "cause": {
            "exceptions": [
                {
                    "id": "4" * 16,
                    "type": "ValueError",
                    "message": "no",
                    "stack": [{"label": "f", "path": "a.py", "line": 3}],
                }
            ]
        },
    }
    answer = client("xray", planes).put_trace_segments(TraceSegmentDocuments=[json.dumps(front), json.dumps(back)])
    assert not answer["UnprocessedTraceSegments"]
    return trace_id


def xray(kind: str, query: str = "", **members: Any) -> dict[str, Any]:
    return {"datasource": {"uid": "xray"}, "queryType": kind, "query": query, "region": "default", **members}


def columns(frame: dict[str, Any]) -> dict[str, list[Any]]:
    names = [field["name"] for field in frame["schema"]["fields"]]
    return dict(zip(names, frame["data"]["values"], strict=True))


def found(asked: Lookout, query: dict[str, Any]) -> list[dict[str, Any]]:
    """A query's frames once they have rows: traces take a moment to be indexed."""

    def frames() -> list[dict[str, Any]]:
        result = asked.query(query, start="now-10m", end="now+1m")["A"]
        assert result["status"] == 200, result
        return (
            result["frames"] if any(values for frame in result["frames"] for values in frame["data"]["values"]) else []
        )

    return eventually(frames, 30)


def test_trace_list(asked: Lookout, traced: str) -> None:
    [frame] = found(asked, xray("getTraceSummaries", 'service("front")'))
    table = columns(frame)
    assert table["Id"] == [traced]
    assert (table["Method"], table["Response"], table["Annotations"]) == (["GET"], [500], [1])
    [chosen] = found(asked, xray("getTraceSummaries", 'service("front")', columns=["Id", "URL"]))
    assert list(columns(chosen)) == ["Id", "URL"]


@pytest.mark.parametrize("form", ["x-ray", "opentelemetry", "search"])
def test_trace_is_a_tree_of_spans(asked: Lookout, traced: str, form: str) -> None:
    query = traced.removeprefix("1-").replace("-", "") if form == "opentelemetry" else traced
    [frame] = found(asked, xray("getTraceSummaries" if form == "search" else "getTrace", query))
    spans = columns(frame)
    assert frame["schema"]["meta"]["preferredVisualisationType"] == "trace"
    parents = dict(zip(spans["spanID"], spans["parentSpanID"], strict=True))
    assert parents == {"1" * 16: None, "2" * 16: "1" * 16, "3" * 16: "2" * 16}
    assert spans["serviceName"] == ["front", "front", "back"]
    assert spans["startTime"] == sorted(spans["startTime"])
    assert spans["duration"][0] == pytest.approx(1000, abs=1)
    assert {"key": "error", "value": True} in spans["tags"][0]
    assert spans["stackTraces"][2] == ["ValueError: no\nat f (a.py:3)"]


def test_service_map_has_nodes_and_edges(asked: Lookout, traced: str) -> None:
    assert traced
    nodes, edges = found(asked, xray("getServiceMap", group={"GroupName": "Default"}))
    names = dict(zip(columns(nodes)["id"], columns(nodes)["title"], strict=True))
    assert {"front", "back"} <= set(names.values())
    pairs = {(names[a], names[b]) for a, b in zip(columns(edges)["source"], columns(edges)["target"], strict=True)}
    assert ("front", "back") in pairs
    faults = dict(zip(columns(nodes)["title"], columns(nodes)["arc__faults"], strict=True))
    assert faults["front"] == 1.0


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (xray("getTrace", "none"), "is no trace id"),
        (xray("getTrace", "1-00000001-" + "0" * 24), "not found"),
        (xray("getTraceSummaries", "service("), "InvalidRequestException"),
        (xray("getInsights"), "getServiceMap"),
    ],
)
def test_xray_query_that_is_wrong_says_why(asked: Lookout, query: dict[str, Any], said: str) -> None:
    assert said in asked.query(query)["A"]["error"]


def test_source_without_keys_or_region_says_what_to_set(asked: Lookout) -> None:
    asked.add_source("keyless", "cloudwatch", jsonData={"authType": "keys", "defaultRegion": REGION})
    asked.add_source("nowhere", "cloudwatch", jsonData={})
    results = asked.query(metric(datasource={"uid": "keyless"}), metric(datasource={"uid": "nowhere"}))
    assert "accessKey" in results["A"]["error"]
    assert "defaultRegion" in results["B"]["error"]
