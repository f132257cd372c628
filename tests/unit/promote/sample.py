"""What a promotion finds in an account that has one of everything, for the writers of exports."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import boto3
from moto import mock_aws

from obsiverse.promote.export import export
from obsiverse.promote.kinds import all_kinds
from obsiverse.promote.plan import desired
from obsiverse.promote.resource import Resource
from obsiverse.promote.source import Source
from obsiverse.targets import Target
from obsiverse.targets.models import Notification, Promotion
from tests.unit.promote.account import ACCOUNT, Moved, at, fill

SECRET = "glsa_thatnobodyshouldread0123456789"
NOT_IN_MOTO = ("xray-group", "xray-sampling-rule", "mlflow-model", "mlflow-model-version")


def sample() -> tuple[dict[str, Resource], Target]:
    """Resources and their target. Needs credentials in the environment, of whatever kind."""
    notification = Notification(protocol="https", endpoint=f"https://hooks.example.com/{SECRET}")
    bucket = f"obsiverse-{ACCOUNT}-eu-west-1"
    target = at("eu-west-1", promote=Promotion(notifications=(notification,), push_images=False)).model_copy(
        update={"bucket": bucket}
    )
    with mock_aws(), tempfile.TemporaryDirectory() as folder:
        fill()
        _more()
        origin = Moved(Path(folder)).session.place.origin
        source = Source(Path(__file__).resolve().parents[3], target, origin, Path("targets"))
        kinds = {name: kind for name, kind in all_kinds().items() if name not in NOT_IN_MOTO}
        found = desired(kinds, source)
    for resource in _others():
        found[resource.key] = resource
    return found, target


def _more() -> None:
    """A policy of scaling, an alarm of metric math, and a model with a secret in its environment."""
    region = "us-east-1"
    scaled = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/clinical/variant/All",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    tracking = {
        "TargetValue": 70.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleInCooldown": 300,
    }
    boto3.client("application-autoscaling", region).put_scaling_policy(
        **scaled,
        PolicyName="by-invocations",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations"}
    boto3.client("cloudwatch", region).put_metric_alarm(
        AlarmName="clinical-share-of-errors",
        AlarmDescription='More than 1 % of "clinical"\nfails: {see} its log.',
        EvaluationPeriods=3,
        Threshold=0.01,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[
            {"Id": "share", "Expression": "errors / 100", "ReturnData": True},
            {
                "Id": "errors",
                "MetricStat": {"Metric": {**metric, "Dimensions": []}, "Period": 60, "Stat": "Sum"},
                "ReturnData": False,
            },
        ],
    )
    sagemaker = boto3.client("sagemaker", region)
    model = sagemaker.describe_model(ModelName="clinical-1")
    container = {**model["PrimaryContainer"], "Environment": {"HUB_TOKEN": SECRET, "WORKERS": "2"}}
    sagemaker.create_model(
        ModelName="clinical-2", PrimaryContainer=container, ExecutionRoleArn=model["ExecutionRoleArn"]
    )
    variant = {"VariantName": "All", "ModelName": "clinical-2", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName="challenger", ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}]
    )
    sagemaker.create_endpoint(EndpointName="challenger", EndpointConfigName="challenger")


def _others() -> list[Resource]:
    insights = {"InsightsEnabled": True, "NotificationsEnabled": False}
    expression = 'service("clinical") { fault = true }'
    rule = {
        "ResourceARN": "*", "Priority": 100, "FixedRate": 0.1, "ReservoirSize": 1, "ServiceName": "clinical", "ServiceType": "*",
        "Host": "*", "HTTPMethod": "POST", "URLPath": "/predict", "Attributes": {"tier": "gold"},
    }  # fmt: skip
    group = {"FilterExpression": expression, "InsightsConfiguration": insights}
    server = {"artifacts": f"s3://obsiverse-{ACCOUNT}-eu-west-1/mlflow", "size": "Small"}
    role, bucket = "iam-role/obsiverse-sagemaker", f"s3-bucket/obsiverse-{ACCOUNT}-eu-west-1"
    watched = frozenset({"cloudwatch-alarm/clinical-errors", "sns-topic/oncall"})
    both = {
        "AlarmRule": f'ALARM("arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:clinical-errors")',
        "AlarmActions": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:oncall"],
        "ActionsEnabled": True,
    }
    return [
        Resource("xray-group", "faults", group),
        Resource("xray-sampling-rule", "predictions", rule),
        Resource("cloudwatch-composite-alarm", "clinical-anything", both, after=watched),
        Resource("mlflow-tracking-server", "obsiverse", server, after=frozenset({role, bucket})),
        Resource("mlflow-model", "clinical", {}),
        Resource("ecr-image", "obsiverse/model:latest", {}),
    ]


if __name__ == "__main__":
    # For what has to be tried in another environment: `python -m tests.unit.promote.sample FORMAT`.
    resources, target = sample()
    sys.stdout.write(export(resources, all_kinds(), target, sys.argv[1]))
