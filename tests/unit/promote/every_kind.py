"""A resource of each kind, as promotion would have it, with members that are seldom there."""

from __future__ import annotations

from typing import Any

from obsiverse.promote.resource import Ref, Resource
from tests.unit.promote.memory import ACCOUNT

PREFIX = f"eu-west-1:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/obsiverse-sagemaker"
TOPIC = f"arn:aws:sns:{PREFIX}:obsiverse-alerts"
IMAGE = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/obsiverse/model:latest"
KEY = f"arn:aws:kms:{PREFIX}:key/1"
FOLDER = "s3://obsiverse-stage/promoted/models"
WORKSPACE = "amp-workspace/obsiverse"
TRACKING, STEPS = "TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration"


def keyed(*resources: Resource) -> dict[str, Resource]:
    """Resources by key."""
    return {one.key: one for one in resources}


def platform() -> dict[str, Resource]:
    """All of them, and one of a kind that no writer knows."""
    return keyed(
        *_metrics(),
        *_notifications(),
        *_traces(),
        *_models(),
        *_endpoints(),
        Resource("cloudwatch-dashboard", "mine", {"body": {"widgets": [{"properties": {"region": "eu-west-1"}}]}}),
        Resource("grafana-dashboard", "cost", {"model": {}}),
        Resource("something-new", "thing", {"a": 1}),
    )


def _metrics() -> list[Resource]:
    workspace = {"workspace": Ref(WORKSPACE, "id")}
    grafana = {
        "workspaceName": "o",
        "workspaceRoleArn": ROLE,
        "workspaceDataSources": ["XRAY"],
        "configuration": {"unifiedAlerting": {"enabled": True}},
    }
    return [
        Resource("amp-workspace", "obsiverse", {"alias": "obsiverse"}),
        Resource("amp-rules", "cost", {**workspace, "rules": "groups:\n  - expr: $1 ${x}\n"}, parent=WORKSPACE),
        Resource("amp-alertmanager", "obsiverse", {**workspace, "definition": f"topic_arn: {TOPIC}\n"}),
        Resource("grafana-workspace", "obsiverse", grafana),
        Resource("log-group", "/obsiverse/otlp", {"days": 30, "streams": ["collector"]}),
    ]


def _notifications() -> list[Resource]:
    dimensions = [{"Name": "EndpointName", "Value": "clinical"}]
    simple: dict[str, Any] = {
        "Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "ExtendedStatistic": "p99", "Dimensions": dimensions,
        "Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 1.0, "AlarmActions": [TOPIC],
        "ComparisonOperator": "GreaterThanThreshold", "EvaluateLowSampleCountPercentile": "ignore", "Unit": "Microseconds",
        "StateReason": "what no argument is for",
    }  # fmt: skip
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "Invocation5XXErrors"}
    queries = [
        {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(bad)", "Label": "usual", "ReturnData": True},
        {"Id": "bad", "MetricStat": {"Metric": {**metric, "Dimensions": []}, "Period": 60, "Stat": "Sum"}},
        {"Id": "all", "MetricStat": {"Metric": {**metric, "Dimensions": dimensions}, "Period": 60, "Stat": "p90"}},
    ]
    unusual = {"Metrics": queries, "ThresholdMetricId": "band", "EvaluationPeriods": 1}
    any_of = {
        "AlarmRule": "ALARM(errors)", "OKActions": [TOPIC], "ActionsSuppressor": "unusual", "ActionsSuppressorWaitPeriod": 60,
        "ActionsSuppressorExtensionPeriod": 120,
    }  # fmt: skip
    mail = {"topic": TOPIC, "protocol": "email", "endpoint": "me@example.com"}
    return [
        Resource("sns-topic", "obsiverse-alerts", {"policy": {"Resource": TOPIC}}),
        Resource("sns-subscription", "email-1a2b3c4d", mail),
        Resource("cloudwatch-alarm", "errors", simple),
        Resource("cloudwatch-alarm", "unusual", {**unusual, "ComparisonOperator": "GreaterThanUpperThreshold"}),
        Resource("cloudwatch-composite-alarm", "any", any_of, after=frozenset({"cloudwatch-alarm/errors"})),
    ]


def _traces() -> list[Resource]:
    rule = {
        "ResourceARN": "*", "Priority": 1, "FixedRate": 0.05, "ReservoirSize": 1, "ServiceName": "*", "ServiceType": "*",
        "Host": "*", "HTTPMethod": "GET", "URLPath": "/${id}", "Attributes": {"team": "ml"},
    }  # fmt: skip
    insights = {"InsightsEnabled": True, "NotificationsEnabled": False}
    policy = Resource("logs-resource-policy", "spans", {"policy": {"Resource": f"arn:aws:xray:{PREFIX}:*"}})
    return [
        policy,
        Resource("transaction-search", "destination", {"destination": "CloudWatchLogs"}, after=frozenset({policy.key})),
        Resource("xray-indexing-rule", "Default", {"percent": 1.0}),
        Resource("xray-group", "slow", {"FilterExpression": "responsetime > 1", "InsightsConfiguration": insights}),
        Resource("xray-sampling-rule", "all", rule),
    ]


def _models() -> list[Resource]:
    trust = {"Version": "2012-10-17", "Statement": [{"Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}]}
    policy = {"Statement": [{"Resource": [Ref(WORKSPACE, "arn"), "arn:aws:s3:::obsiverse-stage/*", TOPIC]}]}
    artifact = {"bucket": "obsiverse-stage", "key": "promoted/models/m/model.tar.gz", "sha256": "ab", "bytes": 1}
    container = {
        "Image": IMAGE,
        "ModelDataUrl": f"{FOLDER}/m/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "API_TOKEN": "hunter2"},
    }
    files = {"S3Uri": f"{FOLDER}/n/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    several = {
        "Containers": [
            {"Image": IMAGE, "ContainerHostname": "first", "ModelDataSource": {"S3DataSource": files}},
            {
                "Image": IMAGE, "ContainerHostname": "second", "Mode": "MultiModel", "ModelDataUrl": f"{FOLDER}/many/",
                "MultiModelConfig": {"ModelCacheSetting": "Disabled"},
            },
        ],
        "InferenceExecutionConfig": {"Mode": "Direct"},
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "EnableNetworkIsolation": True,
        "ExecutionRoleArn": ROLE,
    }  # fmt: skip
    after = frozenset({"model-artifact/m", "iam-role/obsiverse-sagemaker"})
    return [
        Resource("ecr-repository", "obsiverse/model", {"scan_on_push": True}),
        Resource("iam-role", "obsiverse-sagemaker", {"trust": trust, "policy": policy}),
        Resource("s3-bucket", "obsiverse-stage", {"public": False, "marked": True}),
        Resource("model-artifact", "m", {**artifact, "from": "s3://here/m"}, parent="s3-bucket/obsiverse-stage"),
        Resource("mlflow-tracking-server", "m", {"artifacts": "s3://obsiverse-stage/mlflow", "size": "Small"}),
        Resource(
            "sagemaker-model", "clinical-11111111", {"PrimaryContainer": container, "ExecutionRoleArn": ROLE}, after=after
        ),
        Resource("sagemaker-model", "several-33333333", several, after=after),
    ]  # fmt: skip


def _endpoints() -> list[Resource]:
    variant = {
        "VariantName": "All", "ModelName": "clinical-11111111", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1,
        "InitialVariantWeight": 0.5, "VolumeSizeInGB": 20, "ContainerStartupHealthCheckTimeoutInSeconds": 120,
        "ModelDataDownloadTimeoutInSeconds": 120, "EnableSSMAccess": True,
        "RoutingConfig": {"RoutingStrategy": "RANDOM"},
        "CoreDumpConfig": {"DestinationS3Uri": "s3://obsiverse-stage/dumps", "KmsKeyId": KEY},
        "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 2},
    }  # fmt: skip
    config = {
        "ProductionVariants": [variant],
        "ShadowProductionVariants": [{**variant, "VariantName": "Shadow", "ModelName": "several-33333333"}],
        "DataCaptureConfig": {
            "EnableCapture": True, "InitialSamplingPercentage": 50, "DestinationS3Uri": "s3://obsiverse-stage/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        },
        "ExplainerConfig": {"ClarifyExplainerConfig": {}},
        "KmsKeyId": KEY,
    }  # fmt: skip
    serverless = {
        "ProductionVariants": [
            {
                "VariantName": "All", "ModelName": "clinical-11111111",
                "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
            }
        ],
        "AsyncInferenceConfig": {
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4},
            "OutputConfig": {
                "S3OutputPath": "s3://obsiverse-stage/out", "S3FailurePath": "s3://obsiverse-stage/failed",
                "NotificationConfig": {"SuccessTopic": TOPIC, "ErrorTopic": TOPIC},
            },
        },
    }  # fmt: skip
    measured = {
        "MetricName": "m",
        "Namespace": "n",
        "Statistic": "Average",
        "Dimensions": [{"Name": "a", "Value": "b"}],
    }
    policies = {
        "requests": {
            "PolicyType": "TargetTrackingScaling",
            TRACKING: {
                "TargetValue": 5.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            },
        },
        "own metric": {
            "PolicyType": "TargetTrackingScaling",
            TRACKING: {"TargetValue": 5.0, "ScaleInCooldown": 60, "CustomizedMetricSpecification": measured},
        },
        "steps": {
            "PolicyType": "StepScaling",
            STEPS: {
                "AdjustmentType": "ChangeInCapacity", "Cooldown": 60, "MetricAggregationType": "Maximum",
                "StepAdjustments": [
                    {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.5, "ScalingAdjustment": 1},
                    {"MetricIntervalLowerBound": 10.5, "ScalingAdjustment": 2},
                ],
            },
        },
    }  # fmt: skip
    models = frozenset({"sagemaker-model/clinical-11111111", "sagemaker-model/several-33333333"})
    logs = frozenset({"log-group//obsiverse/otlp"})
    return [
        Resource("sagemaker-endpoint-config", "clinical-22222222", config, after=models),
        Resource("sagemaker-endpoint-config", "serverless-44444444", serverless, after=models),
        Resource("sagemaker-endpoint", "clinical", {"config": "clinical-22222222"}, after=logs),
        Resource(
            "endpoint-scaling",
            "clinical/variant/All",
            {"min": 1, "max": 3, "policies": policies},
            parent="sagemaker-endpoint/clinical",
        ),
    ]
