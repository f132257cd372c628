"""What each kind of resource is in CloudFormation, by CDK's L1 constructs: they have CloudFormation's own names and members.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from obsiverse.promote.as_code.cdk_construct import MODELS, PLATFORM, Construct, Writing
from obsiverse.promote.as_code.cdk_python import Call, Expression
from obsiverse.promote.as_code.cdk_text import variable
from obsiverse.promote.kinds import (
    amp_workspace,
    cloudwatch_alarm,
    cloudwatch_composite_alarm,
    ecr_repository,
    endpoint_scaling,
    grafana_workspace,
    iam_role,
    log_group,
    mlflow_tracking_server,
    s3_bucket,
    sagemaker_endpoint,
    sagemaker_endpoint_config,
    sagemaker_model,
    sns_topic,
    transaction_search,
)
from obsiverse.promote.resource import Ref, Resource

Writer = Callable[[Writing, Resource], list[Construct]]
ALARM = {
    "Dimensions": "Dimension",
    "Metrics": "MetricDataQuery",
}
CONTAINER = {"PrimaryContainer": "ContainerDefinition", "Containers": "ContainerDefinition"}
VARIANTS = {
    "ProductionVariants": "ProductionVariant",
    "ShadowProductionVariants": "ProductionVariant",
    "InstancePools": "InstancePool",
    "CaptureOptions": "CaptureOption",
    "ClientConfig": "AsyncInferenceClientConfig",
    "OutputConfig": "AsyncInferenceOutputConfig",
    "NotificationConfig": "AsyncInferenceNotificationConfig",
    "InferenceConfig": "ClarifyInferenceConfig",
    "ShapConfig": "ClarifyShapConfig",
    "ShapBaselineConfig": "ClarifyShapBaselineConfig",
    "TextConfig": "ClarifyTextConfig",
}
SCALING = {
    "CustomizedMetricSpecification.Dimensions": "MetricDimension",
    "Metrics": "TargetTrackingMetricDataQuery",
    "MetricStat": "TargetTrackingMetricStat",
    "Metric": "TargetTrackingMetric",
    "Metric.Dimensions": "TargetTrackingMetricDimension",
    "StepAdjustments": "StepAdjustment",
}
MOST_ALARMS = 10
"""That may watch an update of an endpoint."""


def bucket(writing: Writing, resource: Resource) -> list[Construct]:
    """Closed, and kept when the stack goes."""
    blocked = not resource.properties["public"]
    closed = {f"block_public_{what}": blocked for what in ("acls", "policy")}
    closed |= {"ignore_public_acls": blocked, "restrict_public_buckets": blocked}
    properties = {
        "bucket_name": writing.texts.name(resource.name),
        "public_access_block_configuration": Call("s3.CfnBucket.PublicAccessBlockConfigurationProperty", (), closed),
    }
    return [_kept(Construct(resource.key, "s3.CfnBucket", properties))]


def repository(writing: Writing, resource: Resource) -> list[Construct]:
    """Kept with its images when the stack goes."""
    scanning = {"scan_on_push": resource.properties["scan_on_push"]}
    properties = {
        "repository_name": writing.texts.name(resource.name),
        "image_scanning_configuration": Call("ecr.CfnRepository.ImageScanningConfigurationProperty", (), scanning),
    }
    return [_kept(Construct(resource.key, "ecr.CfnRepository", properties))]


def group_of_logs(writing: Writing, resource: Resource) -> list[Construct]:
    """The group, and the streams in it."""
    name, days = writing.texts.name(resource.name), resource.properties["days"] or None
    group = Construct(resource.key, "logs.CfnLogGroup", {"log_group_name": name, "retention_in_days": days})
    inside = Expression(f"{group.variable}.ref")
    streams = [
        Construct(resource.key, "logs.CfnLogStream", {"log_group_name": inside, "log_stream_name": stream}, part=stream)
        for stream in resource.properties["streams"]
    ]
    return [group, *streams]


def logs_policy(writing: Writing, resource: Resource) -> list[Construct]:
    """A resource policy of CloudWatch Logs."""
    document = _json(PLATFORM, writing.value(resource.properties["policy"]))
    properties = {"policy_name": resource.name, "policy_document": document}
    return [Construct(resource.key, "logs.CfnResourcePolicy", properties)]


def topic(writing: Writing, resource: Resource) -> list[Construct]:
    """A topic, without its policy: that names the workspace, whose Alertmanager names the topic."""
    return [Construct(resource.key, "sns.CfnTopic", {"topic_name": writing.texts.name(resource.name)})]


def topic_policy(writing: Writing, resource: Resource) -> list[Construct]:
    """The policy of a topic."""
    policy = {
        "topics": [Expression(f"{variable(resource.key)}.ref")],
        "policy_document": writing.value(resource.properties["policy"]),
    }
    return [Construct(resource.key, "sns.CfnTopicPolicy", policy, part="policy")]


def subscription(writing: Writing, resource: Resource) -> list[Construct]:
    """Its address is a parameter: some are secrets."""
    wanted = resource.properties
    properties = {
        "topic_arn": writing.value(wanted["topic"]),
        "protocol": wanted["protocol"],
        "endpoint": writing.parameter(resource, PLATFORM, "endpoint"),
    }
    return [Construct(resource.key, "sns.CfnSubscription", properties)]


def prometheus(writing: Writing, resource: Resource) -> list[Construct]:
    """The workspace with the definition of its Alertmanager, which CloudFormation has nowhere else."""
    properties: dict[str, Any] = {"alias": resource.properties["alias"]}
    constants: dict[str, str] = {}
    alertmanager = writing.resources.get(f"amp-alertmanager/{resource.name}")
    if alertmanager:
        constants["ALERTMANAGER"] = writing.value(alertmanager.properties["definition"])
        properties["alert_manager_definition"] = Expression("ALERTMANAGER")
    made = Construct(resource.key, "aps.CfnWorkspace", properties, constants=constants)
    url = Expression(f'f"{{{made.variable}.attr_prometheus_endpoint}}api/v1/remote_write"')
    return [_told(made, "RemoteWriteUrl", url)]


def rules(writing: Writing, resource: Resource) -> list[Construct]:
    """A rule groups namespace."""
    constant = f"{variable(resource.name).upper()}_RULES"
    workspace = writing.value(Ref(str(resource.parent), "arn"))
    properties = {"name": resource.name, "workspace": workspace, "data": Expression(constant)}
    constants = {constant: writing.value(resource.properties["rules"])}
    return [Construct(resource.key, "aps.CfnRuleGroupsNamespace", properties, constants=constants)]


def alarm(writing: Writing, resource: Resource) -> list[Construct]:
    """A metric alarm."""
    members = {"AlarmName": resource.name, **resource.properties}
    scope = "cloudwatch.CfnAlarm"
    return [Construct(resource.key, scope, writing.keywords(resource, PLATFORM, scope, members, ALARM))]


def composite_alarm(writing: Writing, resource: Resource) -> list[Construct]:
    """A composite alarm, after those that its rule names."""
    members = {"AlarmName": resource.name, **resource.properties}
    scope = "cloudwatch.CfnCompositeAlarm"
    made = Construct(resource.key, scope, writing.keywords(resource, PLATFORM, scope, members, {}))
    children = [key for key in sorted(resource.after) if key in writing.resources and "-alarm/" in key]
    made.after = tuple(f"{made.variable}.node.add_dependency({variable(key)})" for key in children)
    return [made]


def tracking_server(writing: Writing, resource: Resource) -> list[Construct]:
    """MLflow's server, as SageMaker runs it."""
    properties = {
        "tracking_server_name": resource.name,
        "artifact_store_uri": writing.value(resource.properties["artifacts"]),
        "tracking_server_size": resource.properties["size"],
        "role_arn": writing.value(writing.target.roles.sagemaker),
    }
    return [Construct(resource.key, "sagemaker.CfnMlflowTrackingServer", properties)]


def dashboard(writing: Writing, resource: Resource) -> list[Construct]:
    """A dashboard of CloudWatch."""
    body = _json(PLATFORM, writing.value(resource.properties["body"]))
    properties = {"dashboard_name": resource.name, "dashboard_body": body}
    return [Construct(resource.key, "cloudwatch.CfnDashboard", properties)]


def traces_group(writing: Writing, resource: Resource) -> list[Construct]:
    """A group of X-Ray."""
    scope = "xray.CfnGroup"
    members = {"GroupName": resource.name, **resource.properties}
    members["FilterExpression"] = members["FilterExpression"] or None
    return [Construct(resource.key, scope, writing.keywords(resource, PLATFORM, scope, members, {}))]


def sampling_rule(writing: Writing, resource: Resource) -> list[Construct]:
    """A sampling rule of X-Ray."""
    scope = "xray.CfnSamplingRule"
    members = {"SamplingRule": {"RuleName": resource.name, "Version": 1, **resource.properties}}
    return [Construct(resource.key, scope, writing.keywords(resource, PLATFORM, scope, members, {}))]


def search(writing: Writing, resource: Resource) -> list[Construct]:
    """Transaction Search: that it is on, and of which share of traces there are summaries."""
    rule = writing.need("xray-indexing-rule/Default")
    policy = writing.need(f"logs-resource-policy/{transaction_search.POLICY_NAME}")
    properties = {"indexing_percentage": rule.properties["percent"]}
    made = Construct(resource.key, "xray.CfnTransactionSearchConfig", properties)
    made.after = (f"{made.variable}.node.add_dependency({variable(policy.key)})",)
    return [made]


def role(writing: Writing, resource: Resource) -> list[Construct]:
    """A role with its inline policy."""
    document = writing.value(resource.properties["policy"])
    policy = Call("iam.CfnRole.PolicyProperty", (), {"policy_name": iam_role.POLICY, "policy_document": document})
    properties = {
        "role_name": writing.texts.name(resource.name),
        "assume_role_policy_document": writing.value(resource.properties["trust"]),
        "policies": [policy],
    }
    return [Construct(resource.key, "iam.CfnRole", properties)]


def grafana(writing: Writing, resource: Resource) -> list[Construct]:
    """The workspace. CloudFormation has its plugins' administration, and not its alerting."""
    wanted = dict(resource.properties)
    configuration = dict(wanted["configuration"])
    plugins = configuration.pop("plugins", {}).get("pluginAdminEnabled")
    if configuration:
        writing.said[resource.key] = (
            f"the rest of its configuration ({', '.join(sorted(configuration))}) is not in CloudFormation: `obsiverse promote"
            " apply`, or `aws grafana update-workspace-configuration`"
        )
    properties = {
        "account_access_type": "CURRENT_ACCOUNT",
        "authentication_providers": ["AWS_SSO"],
        "permission_type": "CUSTOMER_MANAGED",
        "name": wanted["workspaceName"],
        "role_arn": writing.value(wanted["workspaceRoleArn"]),
        "data_sources": wanted["workspaceDataSources"],
        "plugin_admin_enabled": plugins,
        "grafana_version": writing.target.promote.grafana_version if writing.target.promote else None,
    }
    made = Construct(resource.key, "grafana.CfnWorkspace", properties)
    return [_told(made, "GrafanaEndpoint", Expression(f"{made.variable}.attr_endpoint"))]


def model(writing: Writing, resource: Resource) -> list[Construct]:
    """A model of SageMaker."""
    scope = "sagemaker.CfnModel"
    members = {"ModelName": resource.name, **resource.properties}
    return [Construct(resource.key, scope, writing.keywords(resource, MODELS, scope, members, CONTAINER), MODELS)]


def endpoint_config(writing: Writing, resource: Resource) -> list[Construct]:
    """A config with its variants."""

    def of_model(variant: dict[str, Any]) -> dict[str, Any]:
        key = f"{sagemaker_model.NAME}/{variant.get('ModelName')}"
        if key not in writing.resources:
            return variant
        return {**variant, "ModelName": Expression(f"{variable(key)}.attr_model_name")}

    scope = "sagemaker.CfnEndpointConfig"
    members: dict[str, Any] = {"EndpointConfigName": resource.name, **resource.properties}
    for name in sagemaker_endpoint_config.VARIANTS:
        if name in members:
            members[name] = [of_model(one) for one in members[name]]
    return [Construct(resource.key, scope, writing.keywords(resource, MODELS, scope, members, VARIANTS), MODELS)]


def endpoint(writing: Writing, resource: Resource) -> list[Construct]:
    """An endpoint, which goes over to another config by canary, and back where an alarm on it fires."""
    config = writing.need(f"{sagemaker_endpoint_config.NAME}/{resource.properties['config']}")
    alarms = sorted(_alarms_on(writing, resource.name))[:MOST_ALARMS]
    scope = "sagemaker.CfnEndpoint"
    routing: dict[str, Any] = {"type": "ALL_AT_ONCE"}
    if writing.target.promote:
        canary = writing.target.promote.canary
        size = Call(f"{scope}.CapacitySizeProperty", (), {"type": "CAPACITY_PERCENT", "value": canary.percent})
        routing = {"type": "CANARY", "canary_size": size, "wait_interval_in_seconds": canary.seconds}
    update = {
        "traffic_routing_configuration": Call(f"{scope}.TrafficRoutingConfigProperty", (), routing),
        "termination_wait_in_seconds": 0,
    }
    watching = [
        Call(f"{scope}.AlarmProperty", (), {"alarm_name": Expression(f"{variable(key)}.ref")}) for key in alarms
    ]
    deployment = {
        "blue_green_update_policy": Call(f"{scope}.BlueGreenUpdatePolicyProperty", (), update),
        "auto_rollback_configuration": Call(f"{scope}.AutoRollbackConfigProperty", (), {"alarms": watching})
        if watching
        else None,
    }
    properties = {
        "endpoint_name": resource.name,
        "endpoint_config_name": Expression(f"{variable(config.key)}.attr_endpoint_config_name"),
        "deployment_config": Call(f"{scope}.DeploymentConfigProperty", (), deployment),
    }
    return [Construct(resource.key, scope, properties, MODELS)]


def scaling(writing: Writing, resource: Resource) -> list[Construct]:
    """What a variant scales between, and by which policies."""
    served = writing.need(str(resource.parent))
    wanted, variant = resource.properties, resource.name.rpartition("/")[2]
    properties = {
        "service_namespace": endpoint_scaling.NAMESPACE,
        "resource_id": Expression(f'f"endpoint/{{{variable(served.key)}.attr_endpoint_name}}/variant/{variant}"'),
        "scalable_dimension": endpoint_scaling.DIMENSION,
        "min_capacity": wanted["min"],
        "max_capacity": wanted["max"],
    }
    made = Construct(resource.key, "applicationautoscaling.CfnScalableTarget", properties, MODELS)
    scope = "applicationautoscaling.CfnScalingPolicy"
    policies = [
        Construct(
            resource.key,
            scope,
            {
                "policy_name": name,
                "scaling_target_id": Expression(f"{made.variable}.ref"),
                **writing.keywords(resource, MODELS, scope, policy, SCALING),
            },
            MODELS,
            part=name,
        )
        for name, policy in wanted["policies"].items()
    ]
    return [made, *policies]


def _alarms_on(writing: Writing, endpoint: str) -> Iterator[str]:
    dimension = {"Name": "EndpointName", "Value": endpoint}
    for key, one in writing.resources.items():
        if one.kind == cloudwatch_alarm.NAME and dimension in one.properties.get("Dimensions", []):
            yield key


def _kept(construct: Construct) -> Construct:
    """It stays when the stack goes."""
    construct.after = (f"{construct.variable}.apply_removal_policy(cdk.RemovalPolicy.RETAIN)",)
    return construct


def _told(construct: Construct, name: str, value: Expression) -> Construct:
    """An output of the stack."""
    construct.after = (f'cdk.CfnOutput({construct.stack}, "{name}", value={value})',)
    return construct


def _json(stack: str, document: Any) -> Call:
    """A document as the text that CloudFormation wants of it."""
    return Call(f"{stack}.to_json_string", (document,))


WRITERS: Sequence[tuple[str, Writer]] = (
    (s3_bucket.NAME, bucket),
    (ecr_repository.NAME, repository),
    (log_group.NAME, group_of_logs),
    (sns_topic.NAME, topic),
    (amp_workspace.NAME, prometheus),
    (sns_topic.NAME, topic_policy),
    ("amp-rules", rules),
    ("sns-subscription", subscription),
    (cloudwatch_alarm.NAME, alarm),
    (cloudwatch_composite_alarm.NAME, composite_alarm),
    ("cloudwatch-dashboard", dashboard),
    ("logs-resource-policy", logs_policy),
    (transaction_search.NAME, search),
    ("xray-group", traces_group),
    ("xray-sampling-rule", sampling_rule),
    (iam_role.NAME, role),
    (grafana_workspace.NAME, grafana),
    (mlflow_tracking_server.NAME, tracking_server),
    (sagemaker_model.NAME, model),
    (sagemaker_endpoint_config.NAME, endpoint_config),
    (sagemaker_endpoint.NAME, endpoint),
    ("endpoint-scaling", scaling),
)
"""By kind, each after those that it refers to."""
INSIDE: Mapping[str, str] = {"amp-alertmanager": amp_workspace.NAME, "xray-indexing-rule": transaction_search.NAME}
"""Kinds that CloudFormation has as a part of another."""
