"""Promotion from one region of moto to another: an account to bring over, and what is sent on the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

from obsiverse.promote.apply import apply
from obsiverse.promote.journal import Journal
from obsiverse.promote.kinds import all_kinds
from obsiverse.promote.place import Place
from obsiverse.promote.prices import Prices
from obsiverse.promote.rollback import roll_back, undo_of
from obsiverse.promote.session import ROOT, Session
from obsiverse.promote.source import Source
from obsiverse.targets.models import Credentials, Endpoints, Images, Notification, Promotion, Roles
from tests.unit.promote.memory import quiet, target

ACCOUNT = "123456789012"
KINDS = (
    "amp-workspace", "amp-rules", "cloudwatch-alarm", "cloudwatch-dashboard", "ecr-repository", "endpoint-scaling", "iam-role",
    "log-group", "model-artifact", "s3-bucket", "sagemaker-endpoint", "sagemaker-endpoint-config", "sagemaker-model",
    "sns-subscription", "sns-topic",
)  # fmt: skip
READS = ("Describe", "List", "Get", "Head")


def image(region: str) -> str:
    """The model container's name in a region's registry."""
    return f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/obsiverse/model:latest"


def at(region: str, **more: Any) -> Any:
    """A target that moto is."""
    return target(
        account=ACCOUNT,
        region=region,
        credentials=Credentials(source="environment"),
        endpoints=Endpoints(),
        bucket=f"obsiverse-{region}",
        roles=Roles(sagemaker=f"arn:aws:iam::{ACCOUNT}:role/obsiverse-sagemaker"),
        images=Images(registry=f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com", model=image(region)),
        **more,
    )


def fill() -> None:
    """An account as a user's: an endpoint with capture and scaling, an alarm on it, a topic, a dashboard."""
    region = "us-east-1"
    role = f"arn:aws:iam::{ACCOUNT}:role/local"
    s3, sagemaker = boto3.client("s3", region), boto3.client("sagemaker", region)
    s3.create_bucket(Bucket=f"obsiverse-{region}")
    s3.put_object(Bucket=f"obsiverse-{region}", Key="models/clinical/model.tar.gz", Body=b"weights")
    container = {
        "Image": image(region),
        "ModelDataUrl": f"s3://obsiverse-{region}/models/clinical/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
    }
    sagemaker.create_model(ModelName="clinical-1", PrimaryContainer=container, ExecutionRoleArn=role)
    variant = {
        "VariantName": "All",
        "ModelName": "clinical-1",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 2,
    }
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 50,
        "DestinationS3Uri": f"s3://obsiverse-{region}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="clinical-1",
        ProductionVariants=[{**variant, "InitialVariantWeight": 1}],
        DataCaptureConfig=capture,
    )
    sagemaker.create_endpoint(EndpointName="clinical", EndpointConfigName="clinical-1")
    scaling = boto3.client("application-autoscaling", region)
    scaled = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/clinical/variant/All",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**scaled, MinCapacity=1, MaxCapacity=4)
    topic = boto3.client("sns", region).create_topic(Name="oncall")["TopicArn"]
    boto3.client("cloudwatch", region).put_metric_alarm(
        AlarmName="clinical-errors", Namespace="AWS/SageMaker", MetricName="Invocation5XXErrors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        Dimensions=[{"Name": "VariantName", "Value": "All"}, {"Name": "EndpointName", "Value": "clinical"}],
        AlarmActions=[topic, "arn:aws:automate:us-east-1:ec2:stop"],
    )  # fmt: skip
    widget = {
        "type": "metric",
        "x": 0,
        "y": 0,
        "width": 6,
        "height": 6,
        "properties": {"region": region, "metrics": []},
    }
    boto3.client("cloudwatch", region).put_dashboard(
        DashboardName="mine", DashboardBody=json.dumps({"widgets": [widget]})
    )


class Recorder:
    """What is sent to a target, and what goes wrong with it.

    Attributes:
        failures: for an operation, how many of its answers are lost: it is done, and its client hears of an error.
        denied: operations that are refused, and not done.
    """

    def __init__(self) -> None:
        self.denied: dict[str, str] = {}
        self.calls: list[str] = []
        self._thread = threading.local()
        self.failures: dict[str, int] = {}
        self.status, self.code = 500, "InternalFailure"

    def prepare(self, client: Any) -> None:
        client.meta.events.register("before-call", lambda model, **_: self.called(model.name))
        client.meta.events.register_first("before-send", lambda request, **_: self.answer(request))

    def called(self, name: str) -> Any:
        self._thread.name = name
        self.calls.append(name)
        if message := self.denied.get(name):
            error = {"Code": "AccessDeniedException", "Message": message}
            return AWSResponse("", 400, {}, None), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
        return None

    def answer(self, request: Any) -> AWSResponse | None:
        name = self._thread.name
        if self.failures.get(name, 0) <= 0:
            return None
        self.failures[name] -= 1
        body = json.dumps({"__type": self.code, "message": "try again"})

        class Raw:
            def stream(self, **_: Any) -> Iterator[bytes]:
                yield body.encode()

        headers = {"x-amzn-errortype": self.code, "content-type": "application/json"}
        return AWSResponse(request.url, self.status, headers, Raw())

    @property
    def writes(self) -> list[str]:
        return [name for name in self.calls if not name.startswith(READS)]


class Moved:
    """A promotion within moto."""

    def __init__(self, folder: Path, **promotion: Any) -> None:
        self.recorder = Recorder()
        self.read = Recorder()
        notification = Notification(protocol="email", endpoint="alerts@example.com")
        settings = Promotion(**{"grafana": False, "push_images": False, "notifications": (notification,)} | promotion)
        there = at("eu-west-1", promote=settings)
        origin = Place(at("us-east-1"), prepare=self.read.prepare)
        place = Place(there, origin, self.recorder.prepare)
        known = all_kinds()
        prices = Prices.read(ROOT / "prometheus/rules/cost.yml")
        source = Source(ROOT, there, origin, folder)
        journal = Journal(folder / "stage.journal.jsonl")
        self.session = Session(source, place, journal, {name: known[name] for name in (*KINDS, "ecr-image")}, prices)

    def apply(self) -> list[str]:
        session = self.session
        with session.journal as journal:
            return apply(session.plan(), session.kinds, session.place, journal, quiet)

    def roll_back(self) -> list[str]:
        session = self.session
        with session.journal as journal:
            undo = undo_of(journal)
            assert undo
            return roll_back(undo, session.kinds, session.place, journal, quiet)
