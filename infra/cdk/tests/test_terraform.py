"""The app and the modules of infra/terraform are one platform: resource by resource, and property by property of what matters."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import CONTEXT, ROOT
from template import Stacks, statements
from terraform import Found, Modules

ENDPOINT = {
    "instances": 1,
    "instance_type": "ml.m5.large",
    "requests_per_instance": 600,
    "environment": {},
    **CONTEXT["endpoints"][0],
}
VARIABLES = {
    "name": "obsiverse",
    "log_days": 30,
    "indexing_percent": 1,
    "image_tag": "latest",
    "canary": {"percent": 10, "seconds": 300},
    **{name: {} for name in ("endpoints", "trace_groups", "notifications")},
}
"""Of the root module, as the settings of the app are; what is gone over by `for_each` stands in EACH."""
EACH = {
    ("amp", "${var.rules}"): ("cost", (ROOT / "prometheus/rules/cost.yml").read_text()),
    ("notifications", "${var.endpoints}"): ("clinical", 500),
    ("sagemaker", "${local.scaled}"): ("clinical", ENDPOINT),
    ("sagemaker", "${var.endpoints}"): ("clinical", ENDPOINT),
    ("xray", "${var.groups}"): ("faults", "fault = true"),
}
REFERENCES = {
    "amp.aws_prometheus_workspace.this.arn": "${AWS::APS::Workspace:obsiverse.Arn}",
    "collector.aws_cloudwatch_log_group.otlp.arn": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/obsiverse/otlp",
    "collector.aws_cloudwatch_log_group.otlp.name": "${AWS::Logs::LogGroup:/obsiverse/otlp}",
    "collector.aws_iam_role.this.name": "obsiverse-collector",
    "grafana.aws_iam_role.this.arn": "${AWS::IAM::Role:obsiverse-grafana.Arn}",
    "notifications.aws_sns_topic.alerts.arn": "${AWS::SNS::Topic:obsiverse-alerts}",
    "sagemaker.aws_iam_role.this.arn": "${AWS::IAM::Role:obsiverse-sagemaker.Arn}",
    "sagemaker.aws_s3_bucket.this.arn": "${AWS::S3::Bucket:obsiverse-${AWS::AccountId}-${AWS::Region}.Arn}",
    "sagemaker.aws_s3_bucket.this.bucket": "${AWS::S3::Bucket:obsiverse-${AWS::AccountId}-${AWS::Region}}",
    "sagemaker.aws_sagemaker_endpoint.this.name": "${AWS::SageMaker::Endpoint:clinical.EndpointName}",
    "sagemaker.aws_sagemaker_endpoint_configuration.this.name": "${AWS::SageMaker::EndpointConfig:.EndpointConfigName}",
    "sagemaker.aws_sagemaker_model.this.name": "${AWS::SageMaker::Model:.ModelName}",
}
"""Of what Terraform's resources refer to, what the templates have."""
ALARM = {
    "alarm_name": "AlarmName", "alarm_description": "AlarmDescription", "namespace": "Namespace", "metric_name": "MetricName",
    "dimensions.EndpointName": "Dimensions.0.Value", "dimensions.VariantName": "Dimensions.1.Value", "period": "Period",
    "evaluation_periods": "EvaluationPeriods", "threshold": "Threshold", "comparison_operator": "ComparisonOperator",
    "treat_missing_data": "TreatMissingData", "alarm_actions": "AlarmActions", "ok_actions": "OKActions",
}  # fmt: skip
CAPTURE = "data_capture_config.0"
UPDATE = "deployment_config.0.blue_green_update_policy.0"
ROUTING = "DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration"
TRACKING, TRACKED = "target_tracking_scaling_policy_configuration.0", "TargetTrackingScalingPolicyConfiguration"
ROLE, POLICY = (
    {"name": "RoleName", "assume_role_policy": "AssumeRolePolicyDocument"},
    {"policy": "Policies.0.PolicyDocument"},
)
GROUP = {"name": "LogGroupName", "retention_in_days": "RetentionInDays"}
SAME: dict[str, tuple[str, str, dict[str, str]]] = {
    "amp.aws_prometheus_workspace.this": ("AWS::APS::Workspace", "obsiverse", {"alias": "Alias"}),
    # Its text is compared with promotion's, which Terraform's tests do too.
    "amp.aws_prometheus_alert_manager_definition.this": ("AWS::APS::Workspace", "obsiverse", {}),
    "amp.aws_prometheus_rule_group_namespace.this": ("AWS::APS::RuleGroupsNamespace", "cost", {"name": "Name", "data": "Data"}),
    "collector.aws_cloudwatch_log_group.otlp": ("AWS::Logs::LogGroup", "/obsiverse/otlp", GROUP),
    "collector.aws_cloudwatch_log_stream.collector": (
        "AWS::Logs::LogStream", "collector", {"name": "LogStreamName", "log_group_name": "LogGroupName"},
    ),
    "collector.aws_iam_role.this": ("AWS::IAM::Role", "obsiverse-collector", ROLE),
    "collector.aws_iam_role_policy.this": ("AWS::IAM::Role", "obsiverse-collector", POLICY),
    "collector.aws_iam_instance_profile.this": (
        "AWS::IAM::InstanceProfile", "obsiverse-collector", {"name": "InstanceProfileName"},
    ),
    "grafana.aws_iam_role.this": ("AWS::IAM::Role", "obsiverse-grafana", ROLE),
    "grafana.aws_iam_role_policy.this": ("AWS::IAM::Role", "obsiverse-grafana", POLICY),
    "grafana.aws_grafana_workspace.this": (
        "AWS::Grafana::Workspace", "obsiverse",
        {
            "name": "Name", "role_arn": "RoleArn", "data_sources": "DataSources", "account_access_type": "AccountAccessType",
            "authentication_providers": "AuthenticationProviders", "permission_type": "PermissionType",
        },
    ),
    "notifications.aws_sns_topic.alerts": ("AWS::SNS::Topic", "obsiverse-alerts", {"name": "TopicName"}),
    "notifications.aws_sns_topic_policy.alerts": (
        "AWS::SNS::TopicPolicy", "['${AWS::SNS::Topic:obsiverse-alerts}']", {"arn": "Topics.0", "policy": "PolicyDocument"},
    ),
    "notifications.aws_sns_topic_subscription.this": ("AWS::SNS::Subscription", "", {"topic_arn": "TopicArn"}),
    "notifications.aws_cloudwatch_metric_alarm.errors": (
        "AWS::CloudWatch::Alarm", "obsiverse-clinical-errors", {**ALARM, "statistic": "Statistic"},
    ),
    "notifications.aws_cloudwatch_metric_alarm.latency": (
        "AWS::CloudWatch::Alarm", "obsiverse-clinical-latency", {**ALARM, "extended_statistic": "ExtendedStatistic"},
    ),
    "sagemaker.aws_s3_bucket.this": (
        "AWS::S3::Bucket", "obsiverse-${AWS::AccountId}-${AWS::Region}", {"bucket": "BucketName"},
    ),
    "sagemaker.aws_s3_bucket_public_access_block.this": (
        "AWS::S3::Bucket", "obsiverse-${AWS::AccountId}-${AWS::Region}",
        {
            name: "PublicAccessBlockConfiguration." + "".join(part.title() for part in name.split("_"))
            for name in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
        },
    ),
    "sagemaker.aws_ecr_repository.model": (
        "AWS::ECR::Repository", "obsiverse/model",
        {"name": "RepositoryName", "image_scanning_configuration.0.scan_on_push": "ImageScanningConfiguration.ScanOnPush"},
    ),
    "sagemaker.aws_iam_role.this": ("AWS::IAM::Role", "obsiverse-sagemaker", ROLE),
    "sagemaker.aws_iam_role_policy.this": ("AWS::IAM::Role", "obsiverse-sagemaker", POLICY),
    "sagemaker.aws_cloudwatch_log_group.endpoint": ("AWS::Logs::LogGroup", "/aws/sagemaker/Endpoints/clinical", GROUP),
    "sagemaker.aws_sagemaker_model.this": ("AWS::SageMaker::Model", "", {"execution_role_arn": "ExecutionRoleArn"}),
    "sagemaker.aws_sagemaker_endpoint_configuration.this": (
        "AWS::SageMaker::EndpointConfig", "",
        {
            "production_variants.0.variant_name": "ProductionVariants.0.VariantName",
            "production_variants.0.model_name": "ProductionVariants.0.ModelName",
            "production_variants.0.instance_type": "ProductionVariants.0.InstanceType",
            "production_variants.0.initial_instance_count": "ProductionVariants.0.InitialInstanceCount",
            "production_variants.0.initial_variant_weight": "ProductionVariants.0.InitialVariantWeight",
            f"{CAPTURE}.enable_capture": "DataCaptureConfig.EnableCapture",
            f"{CAPTURE}.destination_s3_uri": "DataCaptureConfig.DestinationS3Uri",
            f"{CAPTURE}.capture_options.0.capture_mode": "DataCaptureConfig.CaptureOptions.0.CaptureMode",
            f"{CAPTURE}.capture_options.1.capture_mode": "DataCaptureConfig.CaptureOptions.1.CaptureMode",
        },
    ),
    "sagemaker.aws_sagemaker_endpoint.this": (
        "AWS::SageMaker::Endpoint", "clinical",
        {
            "name": "EndpointName",
            "endpoint_config_name": "EndpointConfigName",
            f"{UPDATE}.termination_wait_in_seconds": "DeploymentConfig.BlueGreenUpdatePolicy.TerminationWaitInSeconds",
            f"{UPDATE}.traffic_routing_configuration.0.type": f"{ROUTING}.Type",
            f"{UPDATE}.traffic_routing_configuration.0.wait_interval_in_seconds": f"{ROUTING}.WaitIntervalInSeconds",
            f"{UPDATE}.traffic_routing_configuration.0.canary_size.0.type": f"{ROUTING}.CanarySize.Type",
            f"{UPDATE}.traffic_routing_configuration.0.canary_size.0.value": f"{ROUTING}.CanarySize.Value",
        },
    ),
    "sagemaker.aws_appautoscaling_target.this": (
        "AWS::ApplicationAutoScaling::ScalableTarget", "",
        {
            "service_namespace": "ServiceNamespace", "scalable_dimension": "ScalableDimension", "resource_id": "ResourceId",
            "min_capacity": "MinCapacity", "max_capacity": "MaxCapacity",
        },
    ),
    "sagemaker.aws_appautoscaling_policy.this": (
        "AWS::ApplicationAutoScaling::ScalingPolicy", "",
        {
            "name": "PolicyName",
            "policy_type": "PolicyType",
            f"{TRACKING}.target_value": f"{TRACKED}.TargetValue",
            f"{TRACKING}.scale_in_cooldown": f"{TRACKED}.ScaleInCooldown",
            f"{TRACKING}.scale_out_cooldown": f"{TRACKED}.ScaleOutCooldown",
            f"{TRACKING}.predefined_metric_specification.0.predefined_metric_type":
                f"{TRACKED}.PredefinedMetricSpecification.PredefinedMetricType",
        },
    ),
    "xray.aws_cloudwatch_log_resource_policy.spans": (
        "AWS::Logs::ResourcePolicy", "obsiverse-transaction-search",
        {"policy_name": "PolicyName", "policy_document": "PolicyDocument"},
    ),
    # Made by CloudFormation's one resource: the destination by its being there.
    "xray.aws_xray_trace_segment_destination.this": ("AWS::XRay::TransactionSearchConfig", "", {}),
    "xray.aws_xray_indexing_rule.this": (
        "AWS::XRay::TransactionSearchConfig", "",
        {"rule.0.probabilistic.0.desired_sampling_percentage": "IndexingPercentage"},
    ),
    "xray.aws_xray_group.this": (
        "AWS::XRay::Group", "faults", {"group_name": "GroupName", "filter_expression": "FilterExpression"},
    ),
}  # fmt: skip
"""By Terraform's address: the type and name here ("" for a type without names), and of each property what it is here."""
ONLY_IN_TERRAFORM = {
    "sagemaker.aws_s3_object.artifact": "CloudFormation has no objects: the artifact is brought beforehand"
}
ONLY_HERE = {"AWS::XRay::SamplingRule": "Terraform's modules leave sampling to X-Ray's default rule"}
DOCUMENTS = {"policy", "assume_role_policy", "policy_document"}


@pytest.fixture(scope="module")
def modules() -> dict[str, Found]:
    found = Modules(ROOT / "infra" / "terraform", VARIABLES, EACH).resources()
    return {f"{one.module}.{one.kind}.{one.name}": one for one in found}


def test_what_terraform_has_is_here_or_known_not_to_be(modules: dict[str, Found]):
    assert {*modules} == {*SAME, *ONLY_IN_TERRAFORM}


def test_what_is_here_terraform_has_or_is_known_not_to(stacks: Stacks):
    assert {one.kind for one in stacks.resources} == {kind for kind, _, _ in SAME.values()} | {*ONLY_HERE}
    compared = {(kind, name) for kind, name, _ in SAME.values() if kind not in ONLY_HERE}
    # Of rules and subscriptions, one stands for the others.
    rest = {(one.kind, one.name) for one in stacks.resources if one.kind not in ONLY_HERE} - compared
    assert rest == {("AWS::APS::RuleGroupsNamespace", "endpoint")}


@pytest.mark.parametrize("address", SAME)
def test_resources_have_the_same_properties(stacks: Stacks, modules: dict[str, Found], address: str):
    kind, name, properties = SAME[address]
    [mine] = [one for one in stacks.of(kind) if one.name == name]
    theirs = modules[address]
    for path, here in properties.items():
        wanted, found = at(theirs.properties, path), at(mine.properties, here)
        if path in DOCUMENTS:
            wanted, found = statements(referring(wanted)), statements(found)
        assert found == referring(wanted), f"{address}: {path} and {here}"


def at(value: Any, path: str) -> Any:
    """What a path of members and positions leads to."""
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def referring(value: Any) -> Any:
    """The same with the templates' references."""
    if isinstance(value, list):
        return [referring(one) for one in value]
    if isinstance(value, str):
        for theirs, mine in REFERENCES.items():
            value = value.replace(f"${{{theirs}}}", mine)
    return value
