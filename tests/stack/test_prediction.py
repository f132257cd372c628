"""A model that was really trained answers through boto3, and what it did is seen everywhere it should be."""

from __future__ import annotations

import csv
import io
import json

import httpx
import pytest

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def held_out(stack):
    """The scenario's held-out rows and labels, from S3."""
    result = scenario_result(stack)
    bucket, key = result["held_out"].removeprefix("s3://").split("/", 1)
    body = stack.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    return list(csv.reader(io.StringIO(body))), result


def scenario_result(stack):
    """What the scenario wrote at its end."""
    return json.loads(stack.read_file("scenario", "/var/lib/scenario/result.json"))


def test_held_out_accuracy_is_what_the_endpoint_really_reaches(stack, held_out):
    rows, result = held_out
    labels = result["labels"]
    answer = stack.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="clinical",
        ContentType="text/csv",
        Accept="application/json",
        Body="\n".join(",".join(row) for row in rows),
    )
    predictions = json.loads(answer["Body"].read())["predictions"]
    right = sum(int(p["label"]) == label for p, label in zip(predictions, labels, strict=True))
    assert right / len(labels) == pytest.approx(result["accuracy"])
    assert result["accuracy"] >= 0.95


def test_training_job_kept_its_log_artifact_and_metrics(stack):
    result = scenario_result(stack)
    job = stack.client("sagemaker").describe_training_job(TrainingJobName=result["training_job"])
    assert job["TrainingJobStatus"] == "Completed"
    assert {metric["MetricName"] for metric in job["FinalMetricDataList"]} >= {"accuracy"}
    bucket, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").split("/", 1)
    assert stack.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 1000
    logs = stack.client("logs")
    streams = logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{result['training_job']}/algo-1-"
    )["logStreams"]
    events = logs.get_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=streams[0]["logStreamName"], startFromHead=True
    )["events"]
    assert any("accuracy" in event["message"] for event in events)


def test_run_with_parameters_metrics_and_artifact_is_in_mlflow(stack):
    url = stack.env["MLFLOW_TRACKING_URI"]
    found = httpx.post(f"{url}/api/2.0/mlflow/experiments/search", json={"max_results": 100}).json()["experiments"]
    ids = [one["experiment_id"] for one in found]
    runs = httpx.post(f"{url}/api/2.0/mlflow/runs/search", json={"experiment_ids": ids, "max_results": 10}).json()[
        "runs"
    ]
    run = runs[0]
    assert {one["key"] for one in run["data"]["params"]} >= {"epochs", "lr"}
    assert any("accuracy" in one["key"] for one in run["data"]["metrics"])
    artifacts = httpx.get(f"{url}/api/2.0/mlflow/artifacts/list", params={"run_id": run["info"]["run_id"]}).json()
    assert artifacts["files"]


def test_model_metrics_arrive_in_prometheus(stack, eventually):
    prometheus = stack.url("prometheus", 9090)

    def counted():
        answer = httpx.get(
            f"{prometheus}/api/v1/query", params={"query": 'sum(model_invocations_total{endpoint="clinical"})'}
        ).json()
        return answer["data"]["result"] and float(answer["data"]["result"][0]["value"][1]) > 0

    eventually(counted, within=60)


def test_traffic_keeps_invoking_the_endpoint(stack, eventually):
    traffic = stack.url("traffic", 8089)
    before = httpx.get(f"{traffic}/stats").json()["ok"]
    eventually(lambda: httpx.get(f"{traffic}/stats").json()["ok"] >= before + 10, within=20)


def test_unknown_endpoint_is_the_error_that_aws_gives(stack):
    runtime = stack.client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="nothing", Body=b"1")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_other_accounts_do_not_see_the_endpoint(stack):
    import boto3

    other = boto3.client(
        "sagemaker",
        endpoint_url=stack.env["AWS_ENDPOINT_URL"],
        region_name=stack.env["AWS_REGION"],
        aws_access_key_id="111111111111",
        aws_secret_access_key="test",
    )
    assert other.list_endpoints()["Endpoints"] == []


def test_invoke_through_the_edge_answers_too(stack, held_out):
    import boto3

    runtime = boto3.client(
        "sagemaker-runtime",
        endpoint_url=stack.env["AWS_ENDPOINT_URL"],
        region_name=stack.env["AWS_REGION"],
        aws_access_key_id=stack.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="test",
    )
    rows, _ = held_out
    answer = runtime.invoke_endpoint(
        EndpointName="clinical", ContentType="text/csv", Accept="application/json", Body=",".join(rows[0])
    )
    assert len(json.loads(answer["Body"].read())["predictions"]) == 1
