# ruff: noqa: N803 - the parameters have the names that AWS gives them
"""As much of AWS as the scenario calls, in memory: its own model container can't run in this environment."""

from __future__ import annotations

import io
import json
from typing import Any

from botocore.exceptions import ClientError


def error(code: str, message: str, operation: str) -> ClientError:
    """An error as boto3 raises it."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class FakeAws:
    """S3, STS, IAM, SageMaker, its runtime, and CloudWatch Logs.

    Attributes:
        labels: what a deployed model answers, row by row.
        accuracy: what a training job measures; None: it fails.
    """

    def __init__(self, labels: list[int]) -> None:
        self.labels = labels
        self.accuracy: float | None = 1.0
        self.objects: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.configs: dict[str, dict[str, Any]] = {}
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.buckets: set[str] = set()
        self.roles: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, list[str]] = {}
        self.segment_destination = {"Destination": "XRay", "Status": "ACTIVE"}
        self.indexed = 1.0
        self.calls: list[str] = []

    def client(self, _service: str) -> FakeAws:
        """Every client is this."""
        return self

    def __getattribute__(self, name: str) -> Any:
        if name.startswith(("create_", "update_", "delete_")):
            object.__getattribute__(self, "calls").append(name)
        return object.__getattribute__(self, name)

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "000000000000"}

    def head_bucket(self, Bucket: str) -> None:
        if Bucket not in self.buckets:
            raise error("404", "Not Found", "HeadBucket")

    def create_bucket(self, Bucket: str) -> None:
        self.buckets.add(Bucket)

    def get_role(self, RoleName: str) -> None:
        if RoleName not in self.roles:
            raise error("NoSuchEntity", f"The role with name {RoleName} cannot be found.", "GetRole")

    def create_role(self, RoleName: str, AssumeRolePolicyDocument: str) -> None:
        self.roles[RoleName] = json.loads(AssumeRolePolicyDocument)

    def put_role_policy(self, RoleName: str, PolicyName: str, PolicyDocument: str) -> None:
        assert self.roles[RoleName]["Statement"][0]["Principal"] == {"Service": "sagemaker.amazonaws.com"}
        assert json.loads(PolicyDocument)["Statement"][0]["Effect"] == "Allow", PolicyName

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        assert Bucket in self.buckets
        self.objects[f"s3://{Bucket}/{Key}"] = Body

    def create_training_job(self, **definition: Any) -> None:
        self.jobs[definition["TrainingJobName"]] = definition

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:
        if self.accuracy is None:
            return {"TrainingJobStatus": "Failed", "FailureReason": "the loss is nan"}
        return {
            "TrainingJobStatus": "Completed",
            "ModelArtifacts": {"S3ModelArtifacts": f"s3://models/{TrainingJobName}/output/model.tar.gz"},
            "FinalMetricDataList": [{"MetricName": "accuracy", "Value": self.accuracy, "Timestamp": 0}],
        }

    def describe_log_groups(self, logGroupNamePrefix: str) -> dict[str, Any]:
        return {"logGroups": [{"logGroupName": name} for name in self.groups if name.startswith(logGroupNamePrefix)]}

    def create_log_group(self, logGroupName: str) -> None:
        self.groups[logGroupName] = []

    def create_log_stream(self, logGroupName: str, logStreamName: str) -> None:
        self.groups[logGroupName].append(logStreamName)

    def describe_log_streams(self, logGroupName: str, logStreamNamePrefix: str) -> dict[str, Any]:
        streams = self.groups.get(logGroupName, [f"{logStreamNamePrefix}1"])
        return {"logStreams": [{"logStreamName": name} for name in streams if name.startswith(logStreamNamePrefix)]}

    def put_resource_policy(self, policyName: str, policyDocument: str) -> None:
        assert json.loads(policyDocument)["Statement"][0]["Principal"] == {"Service": "xray.amazonaws.com"}, policyName

    def get_trace_segment_destination(self) -> dict[str, Any]:
        return self.segment_destination

    def update_trace_segment_destination(self, Destination: str) -> None:
        self.segment_destination = {"Destination": Destination, "Status": "ACTIVE"}

    def update_indexing_rule(self, Name: str, Rule: dict[str, Any]) -> None:
        assert Name == "Default"
        self.indexed = Rule["Probabilistic"]["DesiredSamplingPercentage"]

    def get_log_events(self, nextToken: str | None = None, **_: Any) -> dict[str, Any]:
        events = [] if nextToken else [{"message": "epoch=1"}, {"message": "epoch=2"}]
        return {"events": events, "nextForwardToken": "end"}

    def create_model(self, **_: Any) -> None:
        pass

    def create_endpoint_config(self, **config: Any) -> None:
        self.configs[config["EndpointConfigName"]] = config

    def create_endpoint(self, EndpointName: str, EndpointConfigName: str) -> None:
        assert EndpointName not in self.endpoints
        arn = f"arn:aws:sagemaker:us-east-1:000000000000:endpoint/{EndpointName}"
        self.endpoints[EndpointName] = {
            "EndpointArn": arn,
            "EndpointStatus": "InService",
            "EndpointConfigName": EndpointConfigName,
        }
        self.tags[arn] = {}

    def update_endpoint(self, EndpointName: str, EndpointConfigName: str) -> None:
        self.endpoints[EndpointName]["EndpointConfigName"] = EndpointConfigName

    def delete_endpoint(self, EndpointName: str) -> None:
        del self.endpoints[EndpointName]

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        if EndpointName not in self.endpoints:
            raise error("ValidationException", f'Could not find endpoint "{EndpointName}".', "DescribeEndpoint")
        return self.endpoints[EndpointName]

    def list_tags(self, ResourceArn: str) -> dict[str, Any]:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags[ResourceArn].items()]}

    def add_tags(self, ResourceArn: str, Tags: list[dict[str, str]]) -> None:
        self.tags[ResourceArn] |= {tag["Key"]: tag["Value"] for tag in Tags}

    def invoke_endpoint(self, EndpointName: str, Body: str, **_: Any) -> dict[str, Any]:
        assert self.endpoints[EndpointName]["EndpointStatus"] == "InService"
        count = len(Body.splitlines())
        answers = [{"label": label, "probability": float(label)} for label in self.labels[:count]]
        return {"Body": io.BytesIO(json.dumps({"predictions": answers}).encode())}
