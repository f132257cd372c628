"""Training jobs: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from obsiverse_aws.agent import Agent
from obsiverse_aws.clients import Clients
from obsiverse_aws.errors import NotEmulated, ValidationException
from obsiverse_aws.sagemaker.artifacts import ArtifactError, objects, split
from obsiverse_aws.sagemaker.listing import page, present, timestamp
from obsiverse_aws.sagemaker.models import TrainingJob
from obsiverse_aws.sagemaker.resources import Caller, Resources
from obsiverse_aws.sagemaker.tags import as_dict
from obsiverse_aws.sagemaker.training_run import DEFAULT_MAX_RUNTIME, TrainingRuns, enter

SHOWN_AS_GIVEN = (
    "AlgorithmSpecification",
    "CheckpointConfig",
    "DebugHookConfig",
    "Environment",
    "ExperimentConfig",
    "HyperParameters",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "RetryStrategy",
    "RoleArn",
    "StoppingCondition",
    "TensorBoardOutputConfig",
    "VpcConfig",
)


class TrainingJobs:
    """The operations on training jobs."""

    def __init__(self, resources: Resources, agent: Agent, runs: TrainingRuns) -> None:
        self._resources = resources
        self._agent = agent
        self._runs = runs

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateTrainingJob."""
        _check_emulated(request)
        _check_metrics(request)
        self._check_data(caller, request)
        self._agent.require()
        name, now = request["TrainingJobName"], time.time()
        job = TrainingJob(
            *caller,
            name=name,
            created=now,
            tags=as_dict(request.get("Tags", [])),
            definition={
                "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME},
                **{member: value for member, value in request.items() if member != "Tags"},
            },
            task=f"{name}-algo-1-{secrets.token_hex(4)}",
            modified=now,
        )
        enter(job, "Starting", "Preparing the instances for training")
        self._resources.insert(job)
        self._runs.start(job.key)
        return {"TrainingJobArn": job.arn}

    def _check_data(self, caller: Caller, request: dict[str, Any]) -> None:
        s3 = Clients(*caller).s3
        for channel in request.get("InputDataConfig", []):
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            bucket, _ = _split(uri)
            try:
                next(objects(s3, uri))
            except (StopIteration, ArtifactError) as error:
                message = f" Error message from S3: {error}" if isinstance(error, ArtifactError) else ""
                raise ValidationException(
                    f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
                    f"exists in the selected region ({caller.region}), that objects exist under that S3 prefix, and that "
                    f'the role "{request["RoleArn"]}" has "s3:ListBucket" permissions on bucket "{bucket}".{message}'
                ) from None
        _split(request["OutputDataConfig"]["S3OutputPath"])

    def describe(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeTrainingJob."""
        job = self._resources.get(TrainingJob, caller, request["TrainingJobName"])
        seconds = max(round(job.ended - job.started), 1) if job.started and job.ended else None
        return present(
            {
                **{name: job.definition.get(name) for name in SHOWN_AS_GIVEN},
                "EnableNetworkIsolation": job.definition.get("EnableNetworkIsolation", False),
                "EnableInterContainerTrafficEncryption": job.definition.get(
                    "EnableInterContainerTrafficEncryption", False
                ),
                "EnableManagedSpotTraining": job.definition.get("EnableManagedSpotTraining", False),
                "TrainingJobName": job.name,
                "TrainingJobArn": job.arn,
                "ModelArtifacts": {"S3ModelArtifacts": job.artifacts},
                "TrainingJobStatus": job.status,
                "SecondaryStatus": job.secondary_status,
                "FailureReason": job.failure_reason,
                "CreationTime": timestamp(job.created),
                "TrainingStartTime": timestamp(job.started),
                "TrainingEndTime": timestamp(job.ended),
                "LastModifiedTime": timestamp(job.modified),
                "TrainingTimeInSeconds": seconds,
                "BillableTimeInSeconds": seconds,
                "SecondaryStatusTransitions": [
                    present({**one, "StartTime": timestamp(one["StartTime"]), "EndTime": timestamp(one.get("EndTime"))})
                    for one in job.transitions
                ],
                "FinalMetricDataList": [
                    {"MetricName": name, "Value": value, "Timestamp": timestamp(at)}
                    for name, (value, at) in job.metrics.items()
                ]
                or None,
            }
        )

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListTrainingJobs."""
        jobs = self._resources.store.list(TrainingJob, *caller)
        return page(jobs, request, _summary, member="TrainingJobSummaries", order="Ascending")

    def stop(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """StopTrainingJob: SIGTERM, and what the job has written is kept."""
        with self._resources.change(TrainingJob, caller, request["TrainingJobName"]) as job:
            if not job.active:
                raise ValidationException(
                    f"The request was rejected because the training job is in status {job.status}."
                )
            if job.status == "InProgress":
                job.status = "Stopping"
                enter(job, "Stopping", "Stopping the training job")
        self._runs.stop(job.key)
        return {}

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteTrainingJob."""
        job = self._resources.get(TrainingJob, caller, request["TrainingJobName"])
        if job.active:
            raise ValidationException(f"The request was rejected because the training job is in status {job.status}.")
        self._resources.delete(TrainingJob, caller, job.name)
        return {}


def _split(uri: str) -> tuple[str, str]:
    try:
        return split(uri)
    except ArtifactError as error:
        raise ValidationException(str(error)) from None


def _check_emulated(request: dict[str, Any]) -> None:
    algorithm = request.get("AlgorithmSpecification", {})
    if "TrainingImage" not in algorithm:
        raise NotEmulated("A training job runs an image; give AlgorithmSpecification.TrainingImage.")
    for member in ("ContainerEntrypoint", "ContainerArguments"):
        if member in algorithm:
            raise NotEmulated(f"An image is run as `train`; AlgorithmSpecification.{member} can't change that.")
    resources = request.get("ResourceConfig", {})
    if resources.get("InstanceCount", 1) != 1 or "InstanceGroups" in resources:
        raise NotEmulated("A training job runs on one instance; give ResourceConfig.InstanceCount 1.")
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        mode = channel.get("InputMode", algorithm["TrainingInputMode"])
        if source is None or source["S3DataType"] != "S3Prefix" or mode == "Pipe":
            raise NotEmulated(
                f"Channel {channel['ChannelName']}: data come from an S3Prefix, in File or FastFile mode."
            )


def _check_metrics(request: dict[str, Any]) -> None:
    for definition in request["AlgorithmSpecification"].get("MetricDefinitions", []):
        try:
            groups = re.compile(definition["Regex"]).groups
        except re.error as error:
            raise ValidationException(f"The regex of metric {definition['Name']} is invalid: {error}") from None
        if groups < 1:
            raise ValidationException(f"The regex of metric {definition['Name']} has no group that captures its value.")


def _summary(job: TrainingJob) -> dict[str, Any]:
    return present(
        {
            "TrainingJobName": job.name,
            "TrainingJobArn": job.arn,
            "CreationTime": timestamp(job.created),
            "TrainingEndTime": timestamp(job.ended),
            "LastModifiedTime": timestamp(job.modified),
            "TrainingJobStatus": job.status,
            "SecondaryStatus": job.secondary_status,
        }
    )
