"""One trace through API Gateway and Lambda: their segments, each with the right parent."""

from __future__ import annotations

import io
import json
import secrets
import time
import urllib.request
import uuid
import zipfile

import pytest
from platform_under_test import ACCOUNT, REGION, Platform, wait_for

SOURCE = """
import json, os
def handler(event, context):
    if event.get("fail") or "fail" in (event.get("path") or ""):
        raise ValueError("on purpose")
    return {"statusCode": 200, "body": json.dumps({"trace": os.environ.get("_X_AMZN_TRACE_ID")})}
"""


def function(observed: Platform, *, active: bool) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", SOURCE)
    lambda_, name = observed.client("lambda"), f"traced-{uuid.uuid4().hex[:8]}"
    made = lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=f"arn:aws:iam::{ACCOUNT}:role/lambda",
        Code={"ZipFile": packed.getvalue()},
        TracingConfig={"Mode": "Active" if active else "PassThrough"},
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
    return made["FunctionArn"]


def api(observed: Platform, arn: str, *, tracing: bool) -> str:
    gateway = observed.client("apigateway")
    rest = gateway.create_rest_api(name="shop")["id"]
    [root] = gateway.get_resources(restApiId=rest)["items"]
    resource = gateway.create_resource(restApiId=rest, parentId=root["id"], pathPart="{proxy+}")["id"]
    method = {"restApiId": rest, "resourceId": resource, "httpMethod": "ANY"}
    gateway.put_method(**method, authorizationType="NONE")
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=rest, stageName="live")
    if tracing:
        gateway.update_stage(
            restApiId=rest,
            stageName="live",
            patchOperations=[{"op": "replace", "path": "/tracingEnabled", "value": "true"}],
        )
    return f"{observed.edge_url}/_aws/execute-api/{rest}/live"


def get(url: str, **headers: str) -> dict[str, str]:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        return json.load(answer)


def segments(observed: Platform, trace_id: str, count: int):
    def read():
        traces = observed.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
        found = [json.loads(one["Document"]) for trace in traces for one in trace["Segments"]]
        return found if len(found) >= count else None

    return {one["origin"]: one for one in wait_for(read, f"segments of {trace_id}")}


def fields(header: str) -> dict[str, str]:
    return dict(part.split("=") for part in header.split(";"))


@pytest.fixture(scope="module")
def active(observed: Platform) -> str:
    return function(observed, active=True)


@pytest.fixture(scope="module")
def url(observed: Platform, active: str) -> str:
    return api(observed, active, tracing=True)


def new_trace() -> str:
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def test_gateway_and_function_are_one_trace(observed: Platform, url: str, active: str):
    root, caller = new_trace(), secrets.token_hex(8)
    seen = fields(get(f"{url}/cart", **{"X-Amzn-Trace-Id": f"Root={root};Parent={caller};Sampled=1"})["trace"])
    found = segments(observed, root, 3)
    stage, service, ran = (found[one] for one in ("AWS::ApiGateway::Stage", "AWS::Lambda", "AWS::Lambda::Function"))
    assert (stage["name"], stage["parent_id"]) == ("shop/live", caller)
    assert stage["http"]["response"]["status"] == 200
    assert stage["http"]["request"]["url"].endswith("/live/cart")
    [call] = stage["subsegments"]
    assert (call["name"], service["parent_id"], ran["parent_id"]) == ("Lambda", call["id"], service["id"])
    assert (service["name"], ran["name"]) == (active.split(":")[6],) * 2
    assert seen == {"Root": root, "Parent": ran["id"], "Sampled": "1"}
    assert "Invocation" in [one["name"] for one in ran["subsegments"]]
    xray = observed.client("xray")
    graph = wait_for(lambda: xray.get_trace_graph(TraceIds=[root])["Services"], "the graph")
    kinds = {"client", "AWS::ApiGateway::Stage", "AWS::Lambda", "AWS::Lambda::Function"}
    assert {one.get("Type") for one in graph} == kinds


def test_traceparent_is_understood_too(observed: Platform, url: str):
    root, caller = new_trace(), secrets.token_hex(8)
    get(f"{url}/cart", traceparent=f"00-{root.replace('-', '')[1:]}-{caller}-01")
    assert segments(observed, root, 3)["AWS::ApiGateway::Stage"]["parent_id"] == caller


def test_what_is_not_sampled_is_not_kept(observed: Platform, url: str):
    root = new_trace()
    seen = fields(get(f"{url}/cart", **{"X-Amzn-Trace-Id": f"Root={root};Sampled=0"})["trace"])
    assert (seen["Root"], seen["Sampled"]) == (root, "0")
    other = new_trace()
    get(f"{url}/cart", **{"X-Amzn-Trace-Id": f"Root={other};Sampled=1"})
    segments(observed, other, 3)
    assert observed.client("xray").batch_get_traces(TraceIds=[root])["UnprocessedTraceIds"] == [root]


def test_the_first_request_of_a_second_is_sampled_by_the_gateway(observed: Platform, url: str):
    time.sleep(1.1)
    seen = fields(get(f"{url}/cart")["trace"])
    assert seen["Sampled"] == "1"
    assert "parent_id" not in segments(observed, seen["Root"], 3)["AWS::ApiGateway::Stage"]


def test_a_stage_without_tracing_sends_nothing(observed: Platform, active: str):
    url = api(observed, active, tracing=False)
    root, caller = new_trace(), secrets.token_hex(8)
    get(f"{url}/cart", **{"X-Amzn-Trace-Id": f"Root={root};Parent={caller};Sampled=1"})
    found = segments(observed, root, 2)
    assert found.keys() == {"AWS::Lambda", "AWS::Lambda::Function"}
    assert found["AWS::Lambda"]["parent_id"] == caller


def test_an_error_of_the_function_is_a_fault_with_its_cause(observed: Platform, url: str):
    root = new_trace()
    with pytest.raises(urllib.error.HTTPError, match="502"):
        get(f"{url}/fail", **{"X-Amzn-Trace-Id": f"Root={root};Sampled=1"})
    found = segments(observed, root, 3)
    assert all(one["fault"] for one in found.values())
    [exception] = found["AWS::Lambda::Function"]["cause"]["exceptions"]
    assert (exception["type"], exception["message"]) == ("ValueError", "on purpose")


def test_a_function_that_passes_through_decides_nothing_itself(observed: Platform):
    arn = function(observed, active=False)
    lambda_ = observed.client("lambda")
    answer = json.load(lambda_.invoke(FunctionName=arn, Payload=b"{}")["Payload"])
    assert fields(json.loads(answer["body"])["trace"])["Sampled"] == "0"
