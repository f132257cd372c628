"""What endpoints leave in S3 and CloudWatch."""

from __future__ import annotations

import json
import signal
import threading
import time
import urllib.request
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from localstack.aws.spec import loader
from obsiverse_aws.sagemaker.newer_model import add_newer_members
from platform_under_test import IMAGE, ROLE, Platform, wait_for

CLIENTS, REQUESTS_PER_SECOND, KILLS, KILL_SECONDS = 4, 200, 12, 5


def capture(percentage: int = 100) -> dict[str, Any]:
    """A DataCaptureConfig."""
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": percentage,
        "DestinationS3Uri": "s3://captured/some/prefix",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    }


def deploy(platform: Platform, name: str, count: int = 1) -> None:
    """A captured endpoint."""
    platform.s3.create_bucket(Bucket="captured")
    platform.make_config(f"{name}-plain")
    variant = {"VariantName": "AllTraffic", "ModelName": f"{name}-plain", "InstanceType": "ml.m5.large"}
    platform.sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[{**variant, "InitialInstanceCount": count}],
        DataCaptureConfig=capture(),
    )
    platform.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    platform.wait_for_endpoint(name, "InService")


def captured(platform: Platform, name: str) -> list[dict[str, Any]]:
    """All lines of an endpoint that are in S3."""
    found = platform.s3.list_objects_v2(Bucket="captured", Prefix=f"some/prefix/{name}/AllTraffic/").get("Contents", [])
    bodies = [platform.s3.get_object(Bucket="captured", Key=one["Key"])["Body"].read() for one in found]
    return [json.loads(line) for body in bodies for line in body.decode().splitlines()]


def test_requests_and_answers_are_captured(platform: Platform) -> None:
    deploy(platform, "captures")
    summary = platform.sagemaker.describe_endpoint(EndpointName="captures")["DataCaptureConfig"]
    assert (summary["CaptureStatus"], summary["CurrentSamplingPercentage"]) == ("Started", 100)
    for number in range(5):
        platform.invoke("captures", f"{number},1".encode(), ContentType="text/csv", InferenceId=f"id-{number}")
    wait_for(lambda: len(captured(platform, "captures")) == 5, "five lines are in S3")
    lines = {one["eventMetadata"]["inferenceId"]: one["captureData"] for one in captured(platform, "captures")}
    assert lines["id-3"]["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": "3,1",
        "encoding": "CSV",
    }
    assert json.loads(lines["id-3"]["endpointOutput"]["data"])["body"] == "3,1"


def test_no_captured_line_is_lost_when_the_data_plane_is_killed(platform: Platform) -> None:
    deploy(platform, "survives")
    for number in range(20):
        platform.invoke("survives", f"{number}".encode(), ContentType="text/csv")
    platform.kill("endpoints")
    platform.start_endpoints()
    wait_for(lambda: len(captured(platform, "survives")) == 20, "all lines are in S3")


def test_metrics_have_sagemaker_s_names(platform: Platform) -> None:
    platform.deploy("measured")
    for _ in range(4):
        platform.invoke("measured")
    wait_for(lambda: platform.metric("measured", "AllTraffic", "Invocations") == 4, "four invocations")
    latency = wait_for(lambda: platform.metric("measured", "AllTraffic", "ModelLatency", "Maximum"), "its latency")
    assert 100 < latency < 60e6, "microseconds"
    assert platform.metric("measured", "AllTraffic", "Invocation5XXErrors") == 0
    wait_for(
        lambda: platform.metric("measured", "AllTraffic", "MemoryUtilization", "Maximum", "/aws/sagemaker/Endpoints"),
        "what its instances use",
        30,
    )


def newer_client(platform: Platform) -> Any:
    """A SageMaker client that knows the members that this environment's botocore does not."""
    add_newer_members()
    session = botocore.session.get_session()
    session.register_component("data_loader", loader)
    return boto3.Session("test", "test", region_name="us-east-1", botocore_session=session).client(
        "sagemaker", endpoint_url=platform.edge_url
    )


def test_an_observed_endpoint_has_its_metrics_read_and_an_enhanced_one_those_of_its_instances(
    platform: Platform,
) -> None:
    sagemaker = newer_client(platform)
    platform.make_config("observed-plain")
    container = sagemaker.describe_model(ModelName="observed-plain")["PrimaryContainer"]
    endpoints = [{"MetricsEndpointPath": "/server/metrics", "MetricPublishFrequencyInSeconds": 10}]
    sagemaker.create_model(
        ModelName="observed",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={**container, "ContainerMetricsConfig": {"MetricsEndpoints": endpoints}},
    )
    variant = {"VariantName": "v", "ModelName": "observed", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    metrics = {"EnableEnhancedMetrics": True, "EnableDetailedObservability": True}
    sagemaker.create_endpoint_config(EndpointConfigName="observed", ProductionVariants=[variant], MetricsConfig=metrics)
    assert sagemaker.describe_endpoint_config(EndpointConfigName="observed")["MetricsConfig"] == metrics
    sagemaker.create_endpoint(EndpointName="observed", EndpointConfigName="observed")
    platform.wait_for_endpoint("observed", "InService")
    with urllib.request.urlopen(f"{platform.endpoints_url}/_obsiverse/observability", timeout=5) as answer:
        targets = json.load(answer)
    [labels] = [one["labels"] for one in targets if one["labels"]["aws.sagemaker.endpoint.name"] == "observed"]
    assert (labels["__metrics_path__"], labels["__scrape_interval__"]) == ("/server/metrics", "10s")
    assert (labels["host.type"], labels["aws.sagemaker.variant.name"]) == ("ml.m5.large", "v")
    platform.invoke("observed")
    listed = wait_for(
        lambda: platform.client("cloudwatch").list_metrics(
            Namespace="AWS/SageMaker",
            MetricName="Invocations",
            Dimensions=[{"Name": "EndpointName", "Value": "observed"}, {"Name": "InstanceId"}],
        )["Metrics"],
        "invocations of an instance",
    )
    assert {"Name": "InstanceId", "Value": labels["host.id"]} in listed[0]["Dimensions"]


@pytest.mark.parametrize(
    ("path", "seconds", "said"),
    [("metrics", 60, "metricsEndpointPath"), ("/../secret", 60, "metricsEndpointPath"), ("/metrics", 61, "61")],
)
def test_a_metrics_endpoint_that_can_not_be_is_refused(platform: Platform, path: str, seconds: int, said: str) -> None:
    endpoint = {"MetricsEndpointPath": path, "MetricPublishFrequencyInSeconds": seconds}
    container = {"Image": IMAGE, "ContainerMetricsConfig": {"MetricsEndpoints": [endpoint]}}
    with pytest.raises(ClientError, match=said) as caught:
        newer_client(platform).create_model(ModelName="no", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.timeout(300)
def test_instances_that_are_killed_under_load_lose_no_request_that_a_retry_would_not_save(platform: Platform) -> None:
    """200 requests a second for a minute, and kill -9 of one of two instances every five seconds."""
    deploy(platform, "killed", count=2)
    answered: list[int] = []
    lost: list[str] = []
    stop = threading.Event()

    def call() -> None:
        client = platform.client("sagemaker-runtime", url=platform.endpoints_url)
        due = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            due += CLIENTS / REQUESTS_PER_SECOND
            for attempt in range(3):
                try:
                    client.invoke_endpoint(EndpointName="killed", Body=b"1,2", ContentType="text/csv")
                except ClientError as error:
                    if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500 or attempt == 2:
                        lost.append(str(error))
                else:
                    answered.append(attempt)
                    break

    threads = [threading.Thread(target=call) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    for number in range(KILLS):
        wait_for(lambda: len(instances_in_route(platform, "killed")) == 2, "both instances serve")
        before = len(answered)
        task = sorted(one["id"] for one in platform.agent.tasks({"obsiverse.name": "killed"}))[number % 2]
        platform.agent.signal(task, signal.SIGKILL.name)
        wait_for(lambda before=before: len(answered) > before + 50, "requests are answered")
        # Not before it is back may the other be killed.
        wait_for(lambda task=task, number=number: is_back(platform, task, number // 2 + 1), "it is back")
        time.sleep(max(0.0, began + (number + 1) * KILL_SECONDS - time.monotonic()))
    stop.set()
    for thread in threads:
        thread.join()
    assert not lost
    wait_for(lambda: len(captured(platform, "killed")) == len(answered), "every answer was captured", 60)


def is_back(platform: Platform, task: str, restarts: int) -> bool:
    """Whether a task was started again that often, and answers."""
    status = platform.agent.task(task)
    return status["restarts"] >= restarts and status["health"] == "healthy"


def instances_in_route(platform: Platform, name: str) -> list[dict[str, Any]]:
    """The instances that get requests."""
    [route] = [one for one in platform.routes() if one["endpoint"] == name]
    return route["variants"][0].get("instances", [])


def test_logs_say_that_an_image_of_aws_is_run_as_ours(platform: Platform) -> None:
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6-cpu-py312"
    platform.make_config("translated", Image=image)
    platform.sagemaker.create_endpoint(EndpointName="translated", EndpointConfigName="translated")
    [variant] = platform.wait_for_endpoint("translated", "InService")["ProductionVariants"]
    assert variant["DeployedImages"][0]["SpecifiedImage"] == image
    assert variant["DeployedImages"][0]["ResolvedImage"] == "obsiverse/model"
    wait_for(
        lambda: any(
            "torch 2.6" in one for one in platform.log_lines("/aws/sagemaker/Endpoints/translated", "AllTraffic")
        ),
        "the difference is said",
    )


def test_an_asynchronous_endpoint_answers_into_s3(platform: Platform) -> None:
    platform.make_config("async-plain")
    variant = {"VariantName": "AllTraffic", "ModelName": "async-plain", "InstanceType": "ml.m5.large"}
    platform.sagemaker.create_endpoint_config(
        EndpointConfigName="later",
        ProductionVariants=[{**variant, "InitialInstanceCount": 1}],
        AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://models/answers"}},
    )
    platform.sagemaker.create_endpoint(EndpointName="later", EndpointConfigName="later")
    described = platform.wait_for_endpoint("later", "InService")
    assert described["AsyncInferenceConfig"]["OutputConfig"]["S3OutputPath"] == "s3://models/answers"
    location = platform.upload("models", "asked/one", b"4,2")
    accepted = platform.runtime.invoke_endpoint_async(EndpointName="later", InputLocation=location)
    bucket, _, key = accepted["OutputLocation"].removeprefix("s3://").partition("/")

    def answer() -> Any:
        found = platform.s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents")
        return found and json.load(platform.s3.get_object(Bucket=bucket, Key=key)["Body"])

    assert wait_for(answer, "its answer is in S3")["body"] == "4,2"
    with pytest.raises(ClientError, match="invoke it with InvokeEndpointAsync"):
        platform.invoke("later")


def test_an_answer_is_streamed_through_the_edge(platform: Platform) -> None:
    platform.deploy("streams")
    answer = platform.runtime.invoke_endpoint_with_response_stream(EndpointName="streams", Body=b"bit by bit")
    whole = b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"])
    assert json.loads(whole)["body"] == "bit by bit"
