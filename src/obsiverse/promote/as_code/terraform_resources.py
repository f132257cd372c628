"""Each kind of resource as blocks of Terraform: a function for each, in the table FORMS at the end.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from obsiverse.promote.as_code import terraform_sagemaker as sagemaker
from obsiverse.promote.as_code import terraform_shapes as shapes
from obsiverse.promote.as_code.terraform_context import Context, Form, noted, resource_block
from obsiverse.promote.as_code.terraform_hcl import Block, Document, Expression, Json
from obsiverse.promote.kinds import iam_role, s3_bucket
from obsiverse.promote.resource import Resource

BY_GRAFANA = "Grafana's own API makes it inside of the workspace, not AWS's"
BY_MLFLOW = "MLflow's own API makes it inside of its server, not AWS's"
ABSENT: Mapping[str, str] = {
    "collector-files": "files of a host, no resource of AWS; the output collector_environment has what they need of it",
    "ecr-image": "an image is pushed and not declared; its repository is here",
    "grafana-alert-rules": BY_GRAFANA,
    "grafana-dashboard": BY_GRAFANA,
    "grafana-data-source": BY_GRAFANA,
    "grafana-folder": BY_GRAFANA,
    "grafana-plugin": BY_GRAFANA,
    "mlflow-model": BY_MLFLOW,
    "mlflow-model-version": BY_MLFLOW,
}
"""Kinds without a resource of the AWS provider, and why."""


def _amp_workspace(resource: Resource, label: str, context: Context) -> list[Block]:
    if fixed := context.target.workspaces.amp:
        return [Block(f'data "aws_prometheus_workspace" "{label}"', [("workspace_id", fixed)])]
    return [resource_block("aws_prometheus_workspace", label, ("alias", resource.properties["alias"]))]


def _amp_rules(resource: Resource, label: str, context: Context) -> list[Block]:
    items = {
        "name": resource.name,
        "workspace_id": resource.properties["workspace"],
        "data": Document(resource.properties["rules"]),
    }
    return [resource_block("aws_prometheus_rule_group_namespace", label, *items.items())]


def _amp_alertmanager(resource: Resource, label: str, context: Context) -> list[Block]:
    items = {
        "workspace_id": resource.properties["workspace"],
        "definition": Document(resource.properties["definition"]),
    }
    return [resource_block("aws_prometheus_alert_manager_definition", label, *items.items())]


def _alarm(resource: Resource, label: str, context: Context) -> list[Block]:
    missing: list[str] = []
    members = dict(resource.properties)
    if "Dimensions" in members:
        members["Dimensions"] = _dimensions(members["Dimensions"])
    if "Metrics" in members:
        members["Metrics"] = [_query(one) for one in members["Metrics"]]
    items = shapes.arguments(members, shapes.ALARM, missing)
    block = resource_block(
        "aws_cloudwatch_metric_alarm", label, ("alarm_name", resource.name), *items, note=noted(missing)
    )
    return [block]


def _composite_alarm(resource: Resource, label: str, context: Context) -> list[Block]:
    missing: list[str] = []
    members = dict(resource.properties)
    suppressor = [
        (argument, members.pop(name))
        for argument, name in (
            ("alarm", "ActionsSuppressor"),
            ("extension_period", "ActionsSuppressorExtensionPeriod"),
            ("wait_period", "ActionsSuppressorWaitPeriod"),
        )
        if name in members
    ]
    items = [("alarm_name", resource.name), *shapes.arguments(members, shapes.COMPOSITE_ALARM, missing)]
    blocks = [Block("actions_suppressor", [*suppressor])] if suppressor else []
    return [resource_block("aws_cloudwatch_composite_alarm", label, *items, *blocks, note=noted(missing))]


def _query(query: dict[str, Any]) -> dict[str, Any]:
    """A query with its metric's members in one structure, as the provider has them."""
    if "MetricStat" not in query:
        return query
    statistic = dict(query["MetricStat"])
    metric = dict(statistic.pop("Metric"))
    if dimensions := metric.pop("Dimensions", None):
        metric["Dimensions"] = _dimensions(dimensions)
    return {**query, "MetricStat": {**metric, **statistic}}


def _dimensions(given: list[dict[str, str]]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in given}


def _dashboard(resource: Resource, label: str, context: Context) -> list[Block]:
    body = Json(resource.properties["body"])
    items = (("dashboard_name", resource.name), ("dashboard_body", body))
    return [resource_block("aws_cloudwatch_dashboard", label, *items)]


def _repository(resource: Resource, label: str, context: Context) -> list[Block]:
    scanning = Block("image_scanning_configuration", [("scan_on_push", resource.properties["scan_on_push"])])
    return [resource_block("aws_ecr_repository", label, ("name", resource.name), scanning)]


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
    return [resource_block("aws_grafana_workspace", label, *items.items())]


def _role(resource: Resource, label: str, context: Context) -> list[Block]:
    trust, policy = Json(resource.properties["trust"]), Json(resource.properties["policy"])
    role = Expression(f"aws_iam_role.{label}.name")
    return [
        resource_block("aws_iam_role", label, ("name", resource.name), ("assume_role_policy", trust)),
        resource_block("aws_iam_role_policy", label, ("name", iam_role.POLICY), ("role", role), ("policy", policy)),
    ]


def _log_group(resource: Resource, label: str, context: Context) -> list[Block]:
    days = resource.properties["days"]
    group = resource_block("aws_cloudwatch_log_group", label, ("name", resource.name), ("retention_in_days", days))
    name = Expression(f"aws_cloudwatch_log_group.{label}.name")
    streams = [
        resource_block("aws_cloudwatch_log_stream", f"{label}_{stream}", ("name", stream), ("log_group_name", name))
        for stream in resource.properties["streams"]
    ]
    return [group, *streams]


def _bucket(resource: Resource, label: str, context: Context) -> list[Block]:
    blocked = [(shapes.snake(name), not resource.properties["public"]) for name in s3_bucket.BLOCKED]
    return [
        resource_block("aws_s3_bucket", label, ("bucket", resource.name)),
        resource_block(
            "aws_s3_bucket_public_access_block",
            label,
            ("bucket", Expression(f"aws_s3_bucket.{label}.bucket")),
            *blocked,
        ),
    ]


def _subscription(resource: Resource, label: str, context: Context) -> list[Block]:
    wanted = resource.properties
    open_to_all = wanted["protocol"] in ("sqs", "lambda")
    what = f"Where alerts go by {wanted['protocol']}: an address may be a secret, so none is here."
    endpoint = wanted["endpoint"] if open_to_all else context.ask(f"notification_{label}", what)
    items = {"topic_arn": wanted["topic"], "protocol": wanted["protocol"], "endpoint": endpoint}
    return [resource_block("aws_sns_topic_subscription", label, *items.items())]


def _topic(resource: Resource, label: str, context: Context) -> list[Block]:
    policy = Json(resource.properties["policy"])
    return [
        resource_block("aws_sns_topic", label, ("name", resource.name)),
        resource_block(
            "aws_sns_topic_policy", label, ("arn", Expression(f"aws_sns_topic.{label}.arn")), ("policy", policy)
        ),
    ]


def _logs_policy(resource: Resource, label: str, context: Context) -> list[Block]:
    items = (("policy_name", resource.name), ("policy_document", Json(resource.properties["policy"])))
    return [resource_block("aws_cloudwatch_log_resource_policy", label, *items)]


def _destination(resource: Resource, label: str, context: Context) -> list[Block]:
    destination = ("destination", resource.properties["destination"])
    return [resource_block("aws_xray_trace_segment_destination", label, destination)]


def _indexing(resource: Resource, label: str, context: Context) -> list[Block]:
    probabilistic = Block("probabilistic", [("desired_sampling_percentage", resource.properties["percent"])])
    return [resource_block("aws_xray_indexing_rule", label, ("name", resource.name), Block("rule", [probabilistic]))]


def _xray_group(resource: Resource, label: str, context: Context) -> list[Block]:
    items = shapes.arguments(resource.properties, shapes.XRAY_GROUP, [])
    return [resource_block("aws_xray_group", label, ("group_name", resource.name), *items)]


def _sampling_rule(resource: Resource, label: str, context: Context) -> list[Block]:
    items = shapes.arguments(resource.properties, shapes.SAMPLING_RULE, [])
    return [resource_block("aws_xray_sampling_rule", label, ("rule_name", resource.name), ("version", 1), *items)]


FORMS: Mapping[str, Form] = {
    "amp-workspace": _amp_workspace,
    "amp-rules": _amp_rules,
    "amp-alertmanager": _amp_alertmanager,
    "cloudwatch-alarm": _alarm,
    "cloudwatch-composite-alarm": _composite_alarm,
    "cloudwatch-dashboard": _dashboard,
    "ecr-repository": _repository,
    "endpoint-scaling": sagemaker.scaling,
    "grafana-workspace": _grafana_workspace,
    "iam-role": _role,
    "log-group": _log_group,
    "logs-resource-policy": _logs_policy,
    "mlflow-tracking-server": sagemaker.tracking_server,
    "model-artifact": sagemaker.artifact,
    "s3-bucket": _bucket,
    "sagemaker-endpoint": sagemaker.endpoint,
    "sagemaker-endpoint-config": sagemaker.endpoint_config,
    "sagemaker-model": sagemaker.model,
    "sns-subscription": _subscription,
    "sns-topic": _topic,
    "transaction-search": _destination,
    "xray-group": _xray_group,
    "xray-indexing-rule": _indexing,
    "xray-sampling-rule": _sampling_rule,
}
"""By the name of the kind."""
