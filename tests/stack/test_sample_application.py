"""A request to the sample application is one trace, from API Gateway to the model's container and S3."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from obsiverse.components import python_environment

pytestmark = pytest.mark.timeout(1800)
ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "services" / "app"


def eventually(find, seconds=30):
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def application(stack):
    """Runs the application's commands as the README has them."""
    python = python_environment(APP, ROOT / ".obsiverse" / "venvs")

    def run(*arguments: str) -> str:
        environment = {**stack.environment, **stack.env, "OBSIVERSE_APP": "app-under-test"}
        done = subprocess.run(
            [python, "-m", "obsiverse_app", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    yield run
    run("delete")


@pytest.fixture(scope="module")
def url(application):
    return application("deploy")


@pytest.fixture(scope="module")
def rows(stack):
    result = json.loads(stack.read_file("scenario", "/var/lib/scenario/result.json"))
    bucket, key = result["held_out"].removeprefix("s3://").split("/", 1)
    return stack.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().splitlines()[0]


def parts(document):
    yield document
    for one in document.get("subsegments", []):
        yield from parts(one)


def test_a_request_is_one_trace_with_the_right_parents_and_its_graph(stack, url, rows):
    root = f"1-{int(time.time()):08x}-{time.time_ns():024x}"
    header = {"Content-Type": "text/csv", "X-Amzn-Trace-Id": f"Root={root};Sampled=1"}
    answer = httpx.post(url, content=rows, headers=header, timeout=60)
    assert answer.status_code == 200, answer.text
    stored = answer.json()["stored"].removeprefix("s3://").split("/", 1)
    body = stack.client("s3").get_object(Bucket=stored[0], Key=stored[1])["Body"].read()
    assert json.loads(body)["predictions"] == answer.json()["predictions"]

    xray = stack.client("xray")

    def whole():
        traces = xray.batch_get_traces(TraceIds=[root])["Traces"]
        segments = [json.loads(one["Document"]) for trace in traces for one in trace["Segments"]]
        return segments if len(segments) == 5 else None

    segments = eventually(whole)
    stage, service, function = (
        next(one for one in segments if one.get("origin") == origin)
        for origin in ("AWS::ApiGateway::Stage", "AWS::Lambda", "AWS::Lambda::Function")
    )
    [call] = stage["subsegments"]
    assert service["parent_id"] == call["id"]
    of_function = [one for one in segments if one.get("origin") == "AWS::Lambda::Function"]
    function = next(one for one in of_function if one["parent_id"] == service["id"])
    handler = next(one for one in of_function if one is not function)
    assert handler["parent_id"] == function["id"]
    assert {one["name"] for one in parts(handler)} >= {"SageMaker Runtime", "S3"}
    model = next(one for one in segments if one["name"] == "model")
    assert model["parent_id"] == handler["id"]

    def edges():
        graph = xray.get_trace_graph(TraceIds=[root])["Services"]
        names = {one["ReferenceId"]: one.get("Type") or one["Name"] for one in graph}
        return {(names[one["ReferenceId"]], names[edge["ReferenceId"]]) for one in graph for edge in one["Edges"]}

    wanted = {
        ("client", "AWS::ApiGateway::Stage"),
        ("AWS::ApiGateway::Stage", "AWS::Lambda"),
        ("AWS::Lambda", "AWS::Lambda::Function"),
        ("AWS::Lambda::Function", "AWS::SageMakerRuntime"),
        ("AWS::Lambda::Function", "AWS::S3"),
        ("AWS::Lambda::Function", "model"),
    }
    eventually(lambda: edges() == wanted)


def test_deploying_again_changes_nothing(application, url):
    assert application("deploy") == url


def test_a_bad_request_is_told_so_by_the_model(url):
    answer = httpx.post(url, content=b"not,a,number", headers={"Content-Type": "text/csv"}, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_signed_promql_reaches_the_built_in_workspace(stack):
    def query(secret: str):
        target = stack.env["AMP_QUERY_URL"] + "/api/v1/query?query=up"
        request = AWSRequest("GET", target)
        SigV4Auth(Credentials(stack.env["AWS_ACCESS_KEY_ID"], secret), "aps", stack.env["AWS_REGION"]).add_auth(request)
        return httpx.get(target, headers=dict(request.headers.items()))

    answer = query(stack.env["AWS_SECRET_ACCESS_KEY"]).json()
    assert {one["metric"]["job"] for one in answer["data"]["result"]} >= {"endpoints", "prometheus"}
    assert query("wrong").status_code == 403
    amp = stack.client("amp")
    [built_in] = [
        one for one in amp.list_workspaces()["workspaces"] if one["workspaceId"] == stack.env["AMP_WORKSPACE_ID"]
    ]
    assert built_in["status"]["statusCode"] == "ACTIVE"
