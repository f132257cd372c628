"""Each kind of resource as blocks of Terraform: a function for each, in the table FORMS at the end.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from obsiverse.promote.as_code import terraform_shapes as shapes
from obsiverse.promote.as_code.terraform_hcl import Block, Document, Expression, Json, Template
from obsiverse.promote.kinds import (
    cloudwatch_alarm,
    endpoint_scaling,
    grafana_workspace,
    iam_role,
    s3_bucket,
    sagemaker_endpoint,
    sagemaker_endpoint_config,
    sagemaker_model,
)  # fmt: skip
from obsiverse.promote.resource import Resource
from obsiverse.targets import Target

BY_GRAFANA = "Grafana's own API makes it inside of the workspace, not AWS's"
ABSENT: Mapping[str, str] = {
    "collector-files": "files of a host, no resource of AWS; the output collector_environment has what they need of it",
    "grafana-alert-rules": BY_GRAFANA,
    "grafana-dashboard": BY_GRAFANA,
    "grafana-data-source": BY_GRAFANA,
    "grafana-folder": BY_GRAFANA,
    "grafana-plugin": BY_GRAFANA,
}
"""Kinds without a resource of the AWS provider, and why."""
ROLLBACK_ALARMS = 10
"""That SageMaker watches during an update."""
_DIGEST = re.compile(r"-[0-9a-f]{8}$")


@dataclass
class Context:
    """What forms know of the others.

    Attributes:
        resources: those that become blocks, by key.
        labels: the names of their blocks, by key.
        variables: what is asked of who applies, with what it is: forms add to it.
    """

    target: Target
    resources: Mapping[str, Resource]
    labels: Mapping[str, str]
    variables: dict[str, str] = field(default_factory=dict[str, str])

    def at(self, key: str, attribute: str) -> Expression:
        """An attribute of another resource."""
        kind = key.partition("/")[0]
        return Expression(ATTRIBUTES[kind][attribute].format(f"{self.prefix(kind)}{TYPES[kind]}.{self.labels[key]}"))

    def prefix(self, kind: str) -> str:
        """`data.` for what is there already: a workspace that the target's file names."""
        fixed = {"amp-workspace": self.target.workspaces.amp, grafana_workspace.NAME: self.target.workspaces.grafana}
        return "data." if fixed.get(kind) else ""

    def ask(self, name: str, what: str) -> Expression:
        """A variable without a default."""
        self.variables[name] = what
        return Expression(f"var.{name}")


Form = Callable[[Resource, str, Context], list[Block]]


def label_of(resource: Resource, target: Target) -> str:
    """What a resource is called inside of the configuration: without what differs between targets and between versions."""
    immutable = resource.kind in (sagemaker_model.NAME, sagemaker_endpoint_config.NAME)
    name = _DIGEST.sub("", resource.name) if immutable else resource.name
    name = name.replace(target.account, "").replace(target.region, "")
    words = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_")
    return words if words and not words[0].isdigit() else f"_{words}"


def _resource(kind: str, label: str, *items: Any, note: str = "") -> Block:
    return Block(f'resource "{kind}" "{label}"', list(items), note)


def _replaced_first() -> Block:
    return Block("lifecycle", [("create_before_destroy", True)])


def _noted(missing: list[str]) -> str:
    return f"The provider has no argument for {', '.join(missing)}." if missing else ""


def _amp_workspace(resource: Resource, label: str, context: Context) -> list[Block]:
    if fixed := context.target.workspaces.amp:
        return [Block(f'data "aws_prometheus_workspace" "{label}"', [("workspace_id", fixed)])]
    return [_resource("aws_prometheus_workspace", label, ("alias", resource.properties["alias"]))]


def _amp_rules(resource: Resource, label: str, context: Context) -> list[Block]:
    items = {
        "name": resource.name,
        "workspace_id": resource.properties["workspace"],
        "data": Document(resource.properties["rules"]),
    }
    return [_resource("aws_prometheus_rule_group_namespace", label, *items.items())]


def _amp_alertmanager(resource: Resource, label: str, context: Context) -> list[Block]:
    items = {
        "workspace_id": resource.properties["workspace"],
        "definition": Document(resource.properties["definition"]),
    }
    return [_resource("aws_prometheus_alert_manager_definition", label, *items.items())]


def _alarm(resource: Resource, label: str, context: Context) -> list[Block]:
    missing: list[str] = []
    members = dict(resource.properties)
    if "Dimensions" in members:
        members["Dimensions"] = _dimensions(members["Dimensions"])
    if "Metrics" in members:
        members["Metrics"] = [_query(one) for one in members["Metrics"]]
    items = shapes.arguments(members, shapes.ALARM, missing)
    block = _resource("aws_cloudwatch_metric_alarm", label, ("alarm_name", resource.name), *items, note=_noted(missing))
    return [block]


def _query(query: dict[str, Any]) -> dict[str, Any]:
    """A query with its metric's members in one structure, as the provider has them."""
    if "MetricStat" not in query:
        return query
    statistic = dict(query["MetricStat"])
    metric = statistic.pop("Metric")
    dimensions = {"Dimensions": _dimensions(metric["Dimensions"])} if metric.get("Dimensions") else {}
    return {**query, "MetricStat": {**metric, **dimensions, **statistic}}


def _dimensions(given: list[dict[str, str]]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in given}


def _dashboard(resource: Resource, label: str, context: Context) -> list[Block]:
    body = Json(resource.properties["body"])
    items = (("dashboard_name", resource.name), ("dashboard_body", body))
    return [_resource("aws_cloudwatch_dashboard", label, *items)]


def _repository(resource: Resource, label: str, context: Context) -> list[Block]:
    scanning = Block("image_scanning_configuration", [("scan_on_push", resource.properties["scan_on_push"])])
    return [_resource("aws_ecr_repository", label, ("name", resource.name), scanning)]


def _scaling(resource: Resource, label: str, context: Context) -> list[Block]:
    endpoint, _, rest = resource.name.partition("/")
    name = context.at(f"{sagemaker_endpoint.NAME}/{endpoint}", "name")
    wanted = resource.properties
    items = {
        "service_namespace": endpoint_scaling.NAMESPACE,
        "scalable_dimension": endpoint_scaling.DIMENSION,
        "resource_id": Template(("endpoint/", name, f"/{rest}")),
        "min_capacity": wanted["min"],
        "max_capacity": wanted["max"],
    }
    blocks = [_resource("aws_appautoscaling_target", label, *items.items())]
    scaled = f"aws_appautoscaling_target.{label}"
    for policy, given in wanted["policies"].items():
        missing: list[str] = []
        members = dict(given)
        if tracking := members.get(endpoint_scaling.TRACKING):
            # The provider says 0 of what is not said.
            members[endpoint_scaling.TRACKING] = endpoint_scaling.UNSAID | tracking
        block = _resource(
            "aws_appautoscaling_policy",
            f"{label}_{re.sub(r'[^0-9A-Za-z]+', '_', policy)}",
            ("name", policy),
            *(
                (one, Expression(f"{scaled}.{one}"))
                for one in ("service_namespace", "scalable_dimension", "resource_id")
            ),
            *shapes.arguments(members, shapes.SCALING, missing),
        )
        block.note = _noted(missing)
        blocks.append(block)
    return blocks


def _grafana_workspace(resource: Resource, label: str, context: Context) -> list[Block]:
    if fixed := context.target.workspaces.grafana:
        return [Block(f'data "aws_grafana_workspace" "{label}"', [("workspace_id", fixed)])]
    wanted, promotion = resource.properties, context.target.promote
    version = promotion.grafana_version if promotion else None
    items = {
        "name": wanted["workspaceName"],
        "role_arn": wanted["workspaceRoleArn"],
        "data_sources": wanted["workspaceDataSources"],
        "account_access_type": "CURRENT_ACCOUNT",
        "authentication_providers": ["AWS_SSO"],
        "permission_type": "CUSTOMER_MANAGED",
        "configuration": Json(wanted["configuration"]),
        **({"grafana_version": version} if version else {}),
    }
    return [_resource("aws_grafana_workspace", label, *items.items())]


def _role(resource: Resource, label: str, context: Context) -> list[Block]:
    trust, policy = Json(resource.properties["trust"]), Json(resource.properties["policy"])
    role = Expression(f"aws_iam_role.{label}.name")
    return [
        _resource("aws_iam_role", label, ("name", resource.name), ("assume_role_policy", trust)),
        _resource("aws_iam_role_policy", label, ("name", iam_role.POLICY), ("role", role), ("policy", policy)),
    ]


def _log_group(resource: Resource, label: str, context: Context) -> list[Block]:
    days = resource.properties["days"]
    group = _resource("aws_cloudwatch_log_group", label, ("name", resource.name), ("retention_in_days", days))
    name = Expression(f"aws_cloudwatch_log_group.{label}.name")
    streams = [
        _resource("aws_cloudwatch_log_stream", f"{label}_{stream}", ("name", stream), ("log_group_name", name))
        for stream in resource.properties["streams"]
    ]
    return [group, *streams]


def _artifact(resource: Resource, label: str, context: Context) -> list[Block]:
    wanted = resource.properties
    file = context.ask(
        "artifacts", "Folder that the models' files are in, each under the key that it gets in the bucket."
    )
    items = {
        "bucket": context.at(f"{s3_bucket.NAME}/{wanted['bucket']}", "name"),
        "key": wanted["key"],
        "source": Template((file, f"/{wanted['key']}")),
        "source_hash": wanted["sha256"],
        "checksum_algorithm": "SHA256",
        "metadata": {"sha256": wanted["sha256"]},
    }
    note = f"Here: aws s3 cp {wanted['from']} ARTIFACTS/{wanted['key']}"
    return [_resource("aws_s3_object", label, *items.items(), note=note)]


def _bucket(resource: Resource, label: str, context: Context) -> list[Block]:
    blocked = [(shapes.snake(name), not resource.properties["public"]) for name in s3_bucket.BLOCKED]
    return [
        _resource("aws_s3_bucket", label, ("bucket", resource.name)),
        _resource(
            "aws_s3_bucket_public_access_block",
            label,
            ("bucket", Expression(f"aws_s3_bucket.{label}.bucket")),
            *blocked,
        ),
    ]


def _endpoint(resource: Resource, label: str, context: Context) -> list[Block]:
    config = f"{sagemaker_endpoint_config.NAME}/{resource.properties['config']}"
    canary = context.target.promote.canary if context.target.promote else None
    deployment = Block("deployment_config")
    if canary:
        size = Block("canary_size", [("type", "CAPACITY_PERCENT"), ("value", canary.percent)])
        routing: list[Any] = [("type", "CANARY"), ("wait_interval_in_seconds", canary.seconds), size]
        routed = Block("traffic_routing_configuration", routing)
        deployment.items.append(Block("blue_green_update_policy", [("termination_wait_in_seconds", 0), routed]))
    if alarms := _alarms(resource.name, context):
        watched = [Block("alarms", [("alarm_name", context.at(key, "name"))]) for key in alarms]
        deployment.items.append(Block("auto_rollback_configuration", [*watched]))
    items = [("name", resource.name), ("endpoint_config_name", context.at(config, "name"))]
    return [_resource("aws_sagemaker_endpoint", label, *items, *([deployment] if deployment.items else []))]


def _alarms(endpoint: str, context: Context) -> list[str]:
    """Keys of the alarms on an endpoint."""
    dimension = {"Name": "EndpointName", "Value": endpoint}
    alarms = (one for one in context.resources.values() if one.kind == cloudwatch_alarm.NAME)
    return sorted(one.key for one in alarms if dimension in one.properties.get("Dimensions", []))[:ROLLBACK_ALARMS]


def _endpoint_config(resource: Resource, label: str, context: Context) -> list[Block]:
    missing: list[str] = []
    members = dict(resource.properties)
    for variants in sagemaker_endpoint_config.VARIANTS:
        if variants in members:
            members[variants] = [_variant(one, context) for one in members[variants]]
    items = [("name", resource.name), *shapes.arguments(members, shapes.ENDPOINT_CONFIG, missing), _replaced_first()]
    return [_resource("aws_sagemaker_endpoint_configuration", label, *items, note=_noted(missing))]


def _variant(variant: dict[str, Any], context: Context) -> dict[str, Any]:
    key = f"{sagemaker_model.NAME}/{variant.get('ModelName')}"
    return {**variant, "ModelName": context.at(key, "name")} if key in context.resources else variant


def _model(resource: Resource, label: str, context: Context) -> list[Block]:
    missing: list[str] = []
    items = [("name", resource.name), *shapes.arguments(resource.properties, shapes.MODEL, missing), _replaced_first()]
    return [_resource("aws_sagemaker_model", label, *items, note=_noted(missing))]


def _subscription(resource: Resource, label: str, context: Context) -> list[Block]:
    wanted = resource.properties
    open_to_all = wanted["protocol"] in ("sqs", "lambda")
    what = f"Where alerts go by {wanted['protocol']}: an address may be a secret, so none is here."
    endpoint = wanted["endpoint"] if open_to_all else context.ask(f"notification_{label}", what)
    items = {"topic_arn": wanted["topic"], "protocol": wanted["protocol"], "endpoint": endpoint}
    return [_resource("aws_sns_topic_subscription", label, *items.items())]


def _topic(resource: Resource, label: str, context: Context) -> list[Block]:
    policy = Json(resource.properties["policy"])
    return [
        _resource("aws_sns_topic", label, ("name", resource.name)),
        _resource("aws_sns_topic_policy", label, ("arn", Expression(f"aws_sns_topic.{label}.arn")), ("policy", policy)),
    ]


def _logs_policy(resource: Resource, label: str, context: Context) -> list[Block]:
    items = (("policy_name", resource.name), ("policy_document", Json(resource.properties["policy"])))
    return [_resource("aws_cloudwatch_log_resource_policy", label, *items)]


def _destination(resource: Resource, label: str, context: Context) -> list[Block]:
    destination = ("destination", resource.properties["destination"])
    return [_resource("aws_xray_trace_segment_destination", label, destination)]


def _indexing(resource: Resource, label: str, context: Context) -> list[Block]:
    probabilistic = Block("probabilistic", [("desired_sampling_percentage", resource.properties["percent"])])
    return [_resource("aws_xray_indexing_rule", label, ("name", resource.name), Block("rule", [probabilistic]))]


def _xray_group(resource: Resource, label: str, context: Context) -> list[Block]:
    items = shapes.arguments(resource.properties, shapes.XRAY_GROUP, [])
    return [_resource("aws_xray_group", label, ("group_name", resource.name), *items)]


def _sampling_rule(resource: Resource, label: str, context: Context) -> list[Block]:
    items = shapes.arguments(resource.properties, shapes.SAMPLING_RULE, [])
    return [_resource("aws_xray_sampling_rule", label, ("rule_name", resource.name), ("version", 1), *items)]


FORMS: Mapping[str, tuple[str, Form]] = {
    "amp-workspace": ("aws_prometheus_workspace", _amp_workspace),
    "amp-rules": ("aws_prometheus_rule_group_namespace", _amp_rules),
    "amp-alertmanager": ("aws_prometheus_alert_manager_definition", _amp_alertmanager),
    "cloudwatch-alarm": ("aws_cloudwatch_metric_alarm", _alarm),
    "cloudwatch-dashboard": ("aws_cloudwatch_dashboard", _dashboard),
    "ecr-repository": ("aws_ecr_repository", _repository),
    "endpoint-scaling": ("aws_appautoscaling_target", _scaling),
    "grafana-workspace": ("aws_grafana_workspace", _grafana_workspace),
    "iam-role": ("aws_iam_role", _role),
    "log-group": ("aws_cloudwatch_log_group", _log_group),
    "logs-resource-policy": ("aws_cloudwatch_log_resource_policy", _logs_policy),
    "model-artifact": ("aws_s3_object", _artifact),
    "s3-bucket": ("aws_s3_bucket", _bucket),
    "sagemaker-endpoint": ("aws_sagemaker_endpoint", _endpoint),
    "sagemaker-endpoint-config": ("aws_sagemaker_endpoint_configuration", _endpoint_config),
    "sagemaker-model": ("aws_sagemaker_model", _model),
    "sns-subscription": ("aws_sns_topic_subscription", _subscription),
    "sns-topic": ("aws_sns_topic", _topic),
    "transaction-search": ("aws_xray_trace_segment_destination", _destination),
    "xray-group": ("aws_xray_group", _xray_group),
    "xray-indexing-rule": ("aws_xray_indexing_rule", _indexing),
    "xray-sampling-rule": ("aws_xray_sampling_rule", _sampling_rule),
}
"""For a kind: the type of its first block, and who writes its blocks."""
TYPES = {kind: name for kind, (name, _) in FORMS.items()}
ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "amp-workspace": {
        "id": "{0}.id",
        "arn": "{0}.arn",
        "url": 'trimsuffix({0}.prometheus_endpoint, "/")',
        "query": 'trimsuffix({0}.prometheus_endpoint, "/")',
        "remote_write": '"${{{0}.prometheus_endpoint}}api/v1/remote_write"',
    },
    "cloudwatch-alarm": {"name": "{0}.alarm_name", "arn": "{0}.arn"},
    "ecr-repository": {"arn": "{0}.arn", "url": "{0}.repository_url"},
    "grafana-workspace": {"id": "{0}.id", "endpoint": "{0}.endpoint"},
    "iam-role": {"arn": "{0}.arn"},
    "s3-bucket": {"name": "{0}.bucket", "arn": "{0}.arn"},
    "sagemaker-endpoint": {"name": "{0}.name", "arn": "{0}.arn"},
    "sagemaker-endpoint-config": {"name": "{0}.name", "arn": "{0}.arn"},
    "sagemaker-model": {"name": "{0}.name", "arn": "{0}.arn"},
    "sns-topic": {"arn": "{0}.arn"},
    "xray-group": {"arn": "{0}.arn"},
}
"""What others refer to, with the block's address in the place of `{0}`."""
