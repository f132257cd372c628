"""Training jobs as tasks."""

from __future__ import annotations

import io
import json
import tarfile
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from platform_under_test import ACCOUNT, IMAGE, REGION, Platform, wait_for

METRICS = [{"Name": "loss", "Regex": r"loss=([0-9.]+);"}]


def files_of(platform: Platform, uri: str) -> dict[str, bytes]:
    """Name to content of a tar.gz in S3."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    content = platform.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        return {one.name: extracted.read() for one in tar if (extracted := tar.extractfile(one))}


def test_training_job_completes_with_its_model_metrics_and_log(platform: Platform) -> None:
    specification = {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": METRICS}
    platform.train(
        "whole", {"epochs": "3", "output": "done"}, AlgorithmSpecification=specification, Environment={"GREETING": "hi"}
    )
    platform.sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="whole", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    job = platform.sagemaker.describe_training_job(TrainingJobName="whole")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    passed = [one["Status"] for one in job["SecondaryStatusTransitions"]]
    assert passed == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["BillableTimeInSeconds"] >= 1
    assert [(one["MetricName"], one["Value"]) for one in job["FinalMetricDataList"]] == [("loss", pytest.approx(0.25))]

    uri = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert uri == "s3://data/jobs/whole/output/model.tar.gz"
    assert json.loads(files_of(platform, uri)["model.json"]) == {"bytes": 6, "greeting": "hi"}
    assert files_of(platform, "s3://data/jobs/whole/output/output.tar.gz") == {"report.txt": b"done"}

    lines = platform.log_lines("/aws/sagemaker/TrainingJobs", "whole/algo-1-")
    assert lines[0] == "training on algo-1 with ['train/part.csv']"
    assert len(lines) == 4
    now = datetime.now(UTC)
    statistics = platform.client("cloudwatch").get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="loss",
        Dimensions=[{"Name": "TrainingJobName", "Value": "whole"}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["SampleCount", "Minimum"],
    )["Datapoints"]
    assert sum(one["SampleCount"] for one in statistics) == 3
    wait_for(lambda: not [one for one in platform.agent.tasks() if one["id"].startswith("whole-")], "its task is gone")


def test_failure_file_becomes_the_failure_reason(platform: Platform) -> None:
    platform.train("failure-file", {"failure": "the data have no labels " + "x" * 2000})
    job = platform.wait_for_job("failure-file")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: the data have no labels xxx")
    assert job["FailureReason"].endswith(", exit code: 2")
    assert len(job["FailureReason"]) == 1024
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == ""


def test_failure_without_a_file_quotes_the_last_of_the_log(platform: Platform) -> None:
    platform.train("crash", {"crash": "out of luck"})
    reason = platform.wait_for_job("crash")["FailureReason"]
    assert "out of luck" in reason
    assert reason.endswith(", exit code: 1")


def test_stopped_job_keeps_its_model(platform: Platform) -> None:
    platform.train("stopped", {"wait": "yes"})
    wait_for(
        lambda: "waiting to be stopped" in platform.log_lines("/aws/sagemaker/TrainingJobs", "stopped/algo-1-"),
        "its log is there while it runs",
    )
    platform.sagemaker.stop_training_job(TrainingJobName="stopped")
    job = platform.wait_for_job("stopped")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert "model.json" in files_of(platform, job["ModelArtifacts"]["S3ModelArtifacts"])
    with pytest.raises(ClientError, match="the training job is in status Stopped"):
        platform.sagemaker.stop_training_job(TrainingJobName="stopped")


def test_job_is_stopped_at_its_maximum_runtime(platform: Platform) -> None:
    platform.train("late", {"wait": "yes"}, StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = platform.wait_for_job("late")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_unknown_image_fails_the_job(platform: Platform) -> None:
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/unknown:1"
    platform.train("no-image", AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"})
    reason = platform.wait_for_job("no-image")["FailureReason"]
    assert reason.startswith(f"ClientError: Cannot find repository: unknown in registry ID: {ACCOUNT} ")


def test_missing_data_are_reported_at_once(platform: Platform) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://nowhere/data"}}
    with pytest.raises(ClientError, match='No S3 objects found under S3 URL "s3://nowhere/data" given'):
        platform.train("no-data", InputDataConfig=[{"ChannelName": "train", "DataSource": source}])


def test_second_job_of_a_name_is_refused(platform: Platform) -> None:
    arn = platform.train("once")
    with pytest.raises(ClientError) as caught:
        platform.train("once")
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"
    assert arn in caught.value.response["Error"]["Message"]


def test_several_instances_are_refused_as_a_limit_of_the_emulation(platform: Platform) -> None:
    resources = {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    with pytest.raises(ClientError, match="A limit of this emulation"):
        platform.train("two", ResourceConfig=resources)


def test_unknown_job_is_not_found(platform: Platform) -> None:
    with pytest.raises(ClientError) as caught:
        platform.sagemaker.describe_training_job(TrainingJobName="absent")
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ValidationException", "Requested resource not found.")


def test_jobs_are_listed_by_status(platform: Platform) -> None:
    platform.train("listed", {"crash": "now"})
    platform.wait_for_job("listed")
    found = platform.sagemaker.list_training_jobs(StatusEquals="Failed", NameContains="listed")["TrainingJobSummaries"]
    assert [one["TrainingJobName"] for one in found] == ["listed"]
    assert not platform.sagemaker.list_training_jobs(StatusEquals="Stopping")["TrainingJobSummaries"]
