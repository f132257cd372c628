"""A training job: created, its log followed in CloudWatch Logs, its metrics read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from obsiverse_scenario.account import Account
from obsiverse_scenario.errors import TrainingFailed
from obsiverse_scenario.steps import wait_until

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_TIMEOUT = 600
_MISSING = "ResourceNotFoundException"


@dataclass(frozen=True)
class Definition:
    """What is trained.

    Attributes:
        source: s3:// address of the script's archive.
        program: the script in it.
        channels: name to s3:// prefix.
        metrics: name to the expression that finds it in the log.
    """

    source: str
    program: str
    channels: Mapping[str, str]
    hyperparameters: Mapping[str, Any]
    metrics: Mapping[str, str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Trained:
    """A completed job: its model's s3:// address and the last value of each metric."""

    model: str
    metrics: dict[str, float]


def start(account: Account, name: str, definition: Definition) -> None:
    """Create a training job."""
    own = {
        "sagemaker_program": definition.program,
        "sagemaker_submit_directory": definition.source,
        "sagemaker_job_name": name,
        "sagemaker_region": account.region,
    }
    account.client("sagemaker").create_training_job(
        TrainingJobName=name,
        RoleArn=account.role,
        AlgorithmSpecification={
            "TrainingImage": account.image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": metric, "Regex": regex} for metric, regex in definition.metrics.items()],
        },
        # SageMaker's SDK sends hyperparameters as JSON, and its toolkit reads them so.
        HyperParameters={key: json.dumps(value) for key, value in {**definition.hyperparameters, **own}.items()},
        InputDataConfig=[
            {
                "ChannelName": channel,
                "ContentType": "text/csv",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": prefix,
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
            for channel, prefix in definition.channels.items()
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{account.bucket}/models/"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": _TIMEOUT},
        Environment=dict(definition.environment),
    )


def follow(account: Account, name: str, show: Callable[[str], None]) -> Trained:
    """Wait for a job's end, showing its log as it comes. Raises TrainingFailed, TimedOut."""
    sagemaker = account.client("sagemaker")
    log = _Log(account.client("logs"), name)

    def ended() -> dict[str, Any] | None:
        job = sagemaker.describe_training_job(TrainingJobName=name)
        for line in log.new_lines():
            show(line)
        return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    hint = f"See its log: group {LOG_GROUP}, stream {name}/algo-1-…"
    job = wait_until(ended, f"training job {name}", _TIMEOUT + 60, hint)
    for line in log.new_lines():
        show(line)
    if job["TrainingJobStatus"] != "Completed":
        reason = job.get("FailureReason") or "no reason is given"
        raise TrainingFailed(f"training job {name} {job['TrainingJobStatus'].lower()}: {reason}", hint)
    metrics = {metric["MetricName"]: float(metric["Value"]) for metric in job.get("FinalMetricDataList", [])}
    return Trained(job["ModelArtifacts"]["S3ModelArtifacts"], metrics)


class _Log:
    def __init__(self, logs: Any, job: str) -> None:
        self._logs = logs
        self._job = job
        self._stream = ""
        self._token: str | None = None

    def new_lines(self) -> list[str]:
        """Lines since the last call; none where the stream is not there yet."""
        try:
            if not self._stream:
                streams = self._logs.describe_log_streams(
                    logGroupName=LOG_GROUP, logStreamNamePrefix=f"{self._job}/algo-1-"
                )["logStreams"]
                if not streams:
                    return []
                self._stream = streams[0]["logStreamName"]
            return self._read()
        except ClientError as error:
            if error.response["Error"]["Code"] != _MISSING:
                raise
            return []

    def _read(self) -> list[str]:
        lines: list[str] = []
        while True:
            more = {"nextToken": self._token} if self._token else {}
            page = self._logs.get_log_events(
                logGroupName=LOG_GROUP, logStreamName=self._stream, startFromHead=True, **more
            )
            lines += [event["message"] for event in page["events"]]
            # The end of a stream gives back the token that it was asked with.
            if not page["events"] or page["nextForwardToken"] == self._token:
                return lines
            self._token = page["nextForwardToken"]
