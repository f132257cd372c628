"""AWS's structures as blocks of Terraform's AWS provider: the same names with underscores, but for a few."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from obsiverse.promote.as_code.terraform_hcl import Block

Shape = Mapping[str, "str | Shape"]
"""For a member that the provider has: the argument's name, or the shape of a block."""
_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake(name: str) -> str:
    """`DestinationS3Uri` as `destination_s3_uri`."""
    return _BORDER.sub("_", name).lower()


def shape(names: str, **more: str | Shape) -> Shape:
    """A shape of names with blanks between them, and of members that are called otherwise or are blocks."""
    return {**{name: snake(name) for name in names.split()}, **more}


def arguments(value: Mapping[str, Any], known: Shape, missing: list[str], path: str = "") -> list[Any]:
    """A structure as arguments and blocks.

    Args:
        missing: gets the paths of members that the provider has no argument for.
    """
    plain: list[Any] = []
    blocks: list[Any] = []
    for name, one in value.items():
        here = f"{path}.{name}" if path else name
        form = known.get(name)
        if form is None:
            missing.append(here)
        elif isinstance(form, str):
            plain.append((form, one))
        else:
            for each in cast("list[Any]", one if isinstance(one, list) else [one]):
                blocks.append(Block(_BLOCKS.get(name, snake(name)), arguments(each, form, missing, here)))
    return [*plain, *blocks]


_BLOCKS = {
    "Containers": "container",
    "Metrics": "metric_query",
    "MetricStat": "metric",
    "StepAdjustments": "step_adjustment",
}

SERVERLESS = shape("MaxConcurrency MemorySizeInMB ProvisionedConcurrency")
VARIANT = shape(
    "AcceleratorType ContainerStartupHealthCheckTimeoutInSeconds EnableSSMAccess InferenceAmiVersion InitialInstanceCount"
    " InitialVariantWeight InstanceType ModelDataDownloadTimeoutInSeconds ModelName VariantName VolumeSizeInGB",
    CoreDumpConfig=shape("DestinationS3Uri KmsKeyId"),
    ManagedInstanceScaling=shape("MaxInstanceCount MinInstanceCount Status"),
    RoutingConfig=shape("RoutingStrategy"),
    ServerlessConfig=SERVERLESS,
)
ENDPOINT_CONFIG = shape(
    "",
    KmsKeyId="kms_key_arn",
    ProductionVariants=VARIANT,
    ShadowProductionVariants=VARIANT,
    DataCaptureConfig=shape(
        "DestinationS3Uri EnableCapture InitialSamplingPercentage KmsKeyId",
        CaptureOptions=shape("CaptureMode"),
        CaptureContentTypeHeader=shape("CsvContentTypes JsonContentTypes"),
    ),
    AsyncInferenceConfig=shape(
        "",
        ClientConfig=shape("MaxConcurrentInvocationsPerInstance"),
        OutputConfig=shape(
            "S3OutputPath S3FailurePath KmsKeyId",
            NotificationConfig=shape("ErrorTopic SuccessTopic IncludeInferenceResponseIn"),
        ),
    ),
)
"""Without ExplainerConfig and MetricsConfig, which the provider does not have."""
CONTAINER = shape(
    "ContainerHostname Environment Image InferenceSpecificationName Mode ModelDataUrl ModelPackageName",
    MultiModelConfig=shape("ModelCacheSetting"),
    ModelDataSource=shape(
        "",
        S3DataSource=shape("CompressionType S3DataType S3Uri", ModelAccessConfig=shape("AcceptEula")),
    ),
)
MODEL = shape(
    "EnableNetworkIsolation ExecutionRoleArn",
    PrimaryContainer=CONTAINER,
    Containers=CONTAINER,
    InferenceExecutionConfig=shape("Mode"),
    VpcConfig=shape("", SecurityGroupIds="security_group_ids", Subnets="subnets"),
)
ALARM = shape(
    "ActionsEnabled AlarmActions AlarmDescription ComparisonOperator DatapointsToAlarm Dimensions EvaluationPeriods"
    " ExtendedStatistic InsufficientDataActions MetricName Namespace Period Statistic Threshold ThresholdMetricId"
    " TreatMissingData Unit",
    OKActions="ok_actions",
    EvaluateLowSampleCountPercentile="evaluate_low_sample_count_percentiles",
    Metrics=shape(
        "AccountId Expression Id Label Period ReturnData",
        MetricStat=shape("Dimensions MetricName Namespace Period Stat Unit"),
    ),
)
COMPOSITE_ALARM = shape(
    "ActionsEnabled AlarmActions AlarmDescription AlarmRule InsufficientDataActions",
    OKActions="ok_actions",
)
TRACKING = shape(
    "DisableScaleIn ScaleInCooldown ScaleOutCooldown TargetValue",
    CustomizedMetricSpecification=shape("MetricName Namespace Statistic Unit", Dimensions=shape("Name Value")),
    PredefinedMetricSpecification=shape("PredefinedMetricType ResourceLabel"),
)
STEPS = shape(
    "AdjustmentType Cooldown MetricAggregationType MinAdjustmentMagnitude",
    StepAdjustments=shape("MetricIntervalLowerBound MetricIntervalUpperBound ScalingAdjustment"),
)
SCALING = shape("PolicyType", TargetTrackingScalingPolicyConfiguration=TRACKING, StepScalingPolicyConfiguration=STEPS)
XRAY_GROUP = shape("FilterExpression", InsightsConfiguration=shape("InsightsEnabled NotificationsEnabled"))
SAMPLING_RULE = shape(
    "Attributes FixedRate HTTPMethod Host Priority ReservoirSize ResourceARN ServiceName ServiceType URLPath"
)
