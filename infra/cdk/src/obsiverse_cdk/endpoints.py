"""The stack of endpoints: deployed once the image is pushed and the artifacts are in the bucket.

Models and configs have no names of their own: nothing of one can be changed, and CloudFormation names the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from obsiverse_cdk.platform import Platform
from obsiverse_cdk.settings import Endpoint, Settings

VARIANT = "AllTraffic"


@dataclass(frozen=True)
class Watched:
    """What an alarm watches.

    Attributes:
        limit: above which it fires, after so many `periods` of a minute.
    """

    name: str
    description: str
    metric: cloudwatch.Metric
    limit: float
    periods: int


class Endpoints(cdk.Stack):
    """All endpoints of the settings."""

    def __init__(self, scope: Construct, identity: str, settings: Settings, platform: Platform, **options: Any) -> None:
        super().__init__(scope, identity, **options)
        for one in settings.endpoints:
            ServedModel(self, one, settings, platform)


class ServedModel(Construct):
    """One endpoint, with its alarms, which take a bad update back, and its scaling."""

    def __init__(self, scope: Construct, endpoint: Endpoint, settings: Settings, platform: Platform) -> None:
        super().__init__(scope, endpoint.name)
        alarms = [self._alarm(one, settings, platform) for one in _watched(endpoint)]
        config = self._config(endpoint, settings, platform)
        self.endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=endpoint.name,
            endpoint_config_name=config.attr_endpoint_config_name,
            deployment_config=_canary(settings, alarms),
        )
        if endpoint.most_instances > endpoint.instances:
            self._scale(endpoint)

    def _alarm(self, watched: Watched, settings: Settings, platform: Platform) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            watched.name,
            alarm_name=f"{settings.name}-{self.node.id}-{watched.name}",
            alarm_description=watched.description,
            metric=watched.metric,
            threshold=watched.limit,
            evaluation_periods=watched.periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(platform.alerts.topic))
        alarm.add_ok_action(actions.SnsAction(platform.alerts.topic))
        return alarm

    def _config(self, endpoint: Endpoint, settings: Settings, platform: Platform) -> sagemaker.CfnEndpointConfig:
        bucket = platform.storage.bucket
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=platform.roles.sagemaker.role_arn,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=platform.storage.images.repository_uri_for_tag(settings.image_tag),
                model_data_url=bucket.s3_url_for_object(endpoint.artifact),
                environment=endpoint.environment or None,
            ),
        )
        capture = sagemaker.CfnEndpointConfig.DataCaptureConfigProperty(
            enable_capture=True,
            initial_sampling_percentage=endpoint.capture_percent,
            destination_s3_uri=bucket.s3_url_for_object("captured"),
            capture_options=[
                sagemaker.CfnEndpointConfig.CaptureOptionProperty(capture_mode=mode) for mode in ("Input", "Output")
            ],
        )
        return sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[
                sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                    variant_name=VARIANT,
                    model_name=model.attr_model_name,
                    instance_type=endpoint.instance_type,
                    initial_instance_count=endpoint.instances,
                    initial_variant_weight=1,
                )
            ],
            data_capture_config=capture if endpoint.capture_percent else None,
        )

    def _scale(self, endpoint: Endpoint) -> None:
        target = autoscaling.CfnScalableTarget(
            self,
            "Scaling",
            service_namespace="sagemaker",
            resource_id=f"endpoint/{self.endpoint.attr_endpoint_name}/variant/{VARIANT}",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            min_capacity=endpoint.instances,
            max_capacity=endpoint.most_instances,
        )
        policy = autoscaling.CfnScalingPolicy
        autoscaling.CfnScalingPolicy(
            self,
            "ScalingPolicy",
            policy_name="requests",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=policy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=endpoint.requests_per_instance,
                scale_in_cooldown=300,
                scale_out_cooldown=60,
                predefined_metric_specification=policy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type="SageMakerVariantInvocationsPerInstance"
                ),
            ),
        )


def _watched(endpoint: Endpoint) -> list[Watched]:
    def metric(name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/SageMaker",
            metric_name=name,
            dimensions_map={"EndpointName": endpoint.name, "VariantName": VARIANT},
            statistic=statistic,
            period=cdk.Duration.minutes(1),
        )

    name, limit = endpoint.name, endpoint.most_latency_ms
    slow = f"{name} takes more than {limit:g} ms for its slowest 1 % of requests."
    failing = f"{name} answers with server errors. Its log group says why."
    return [
        Watched("errors", failing, metric("Invocation5XXErrors", "Average"), 0.05, 2),
        # ModelLatency is in microseconds.
        Watched("latency", slow, metric("ModelLatency", "p99"), limit * 1000, 5),
    ]


def _canary(settings: Settings, alarms: list[cloudwatch.Alarm]) -> sagemaker.CfnEndpoint.DeploymentConfigProperty:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html"""
    endpoint = sagemaker.CfnEndpoint
    return endpoint.DeploymentConfigProperty(
        blue_green_update_policy=endpoint.BlueGreenUpdatePolicyProperty(
            traffic_routing_configuration=endpoint.TrafficRoutingConfigProperty(
                type="CANARY",
                canary_size=endpoint.CapacitySizeProperty(type="CAPACITY_PERCENT", value=settings.canary.percent),
                wait_interval_in_seconds=settings.canary.seconds,
            ),
            termination_wait_in_seconds=0,
        ),
        auto_rollback_configuration=endpoint.AutoRollbackConfigProperty(
            alarms=[endpoint.AlarmProperty(alarm_name=alarm.alarm_name) for alarm in alarms]
        ),
    )
