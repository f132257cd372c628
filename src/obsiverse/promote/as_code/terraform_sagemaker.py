"""SageMaker's kinds as blocks of Terraform, with what belongs to them: artifacts, scaling, MLflow's server."""

from __future__ import annotations

import re
from typing import Any

from obsiverse.promote.as_code import terraform_shapes as shapes
from obsiverse.promote.as_code.terraform_context import Context, noted, resource_block
from obsiverse.promote.as_code.terraform_hcl import Block, Expression, Template
from obsiverse.promote.kinds import (
    cloudwatch_alarm,
    endpoint_scaling,
    s3_bucket,
    sagemaker_endpoint,
    sagemaker_endpoint_config,
    sagemaker_model,
)
from obsiverse.promote.resource import Resource

ROLLBACK_ALARMS = 10
"""That SageMaker watches during an update."""


def artifact(resource: Resource, label: str, context: Context) -> list[Block]:
    """A file of a model, from a folder of whoever applies."""
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
    return [resource_block("aws_s3_object", label, *items.items(), note=note)]


def model(resource: Resource, label: str, context: Context) -> list[Block]:
    """A model, made before the one that it replaces goes."""
    missing: list[str] = []
    items = [("name", resource.name), *shapes.arguments(resource.properties, shapes.MODEL, missing), _replaced_first()]
    return [resource_block("aws_sagemaker_model", label, *items, note=noted(missing))]


def endpoint_config(resource: Resource, label: str, context: Context) -> list[Block]:
    """A config, made before the one that it replaces goes."""
    missing: list[str] = []
    members = dict(resource.properties)
    for variants in sagemaker_endpoint_config.VARIANTS:
        if variants in members:
            members[variants] = [_variant(one, context) for one in members[variants]]
    items = [("name", resource.name), *shapes.arguments(members, shapes.ENDPOINT_CONFIG, missing), _replaced_first()]
    return [resource_block("aws_sagemaker_endpoint_configuration", label, *items, note=noted(missing))]


def endpoint(resource: Resource, label: str, context: Context) -> list[Block]:
    """An endpoint, which goes over to another config by the target's canary."""
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
    return [resource_block("aws_sagemaker_endpoint", label, *items, *([deployment] if deployment.items else []))]


def scaling(resource: Resource, label: str, context: Context) -> list[Block]:
    """What a variant scales between, and its policies."""
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
    blocks = [resource_block("aws_appautoscaling_target", label, *items.items())]
    scaled = f"aws_appautoscaling_target.{label}"
    for policy, given in wanted["policies"].items():
        missing: list[str] = []
        members = dict(given)
        if tracking := members.get(endpoint_scaling.TRACKING):
            # The provider says 0 of what is not said.
            members[endpoint_scaling.TRACKING] = endpoint_scaling.UNSAID | tracking
        block = resource_block(
            "aws_appautoscaling_policy",
            f"{label}_{re.sub(r'[^0-9A-Za-z]+', '_', policy)}",
            ("name", policy),
            *(
                (one, Expression(f"{scaled}.{one}"))
                for one in ("service_namespace", "scalable_dimension", "resource_id")
            ),
            *shapes.arguments(members, shapes.SCALING, missing),
        )
        block.note = noted(missing)
        blocks.append(block)
    return blocks


def tracking_server(resource: Resource, label: str, context: Context) -> list[Block]:
    """A server of MLflow."""
    items = {
        "tracking_server_name": resource.name,
        "artifact_store_uri": resource.properties["artifacts"],
        "role_arn": context.target.roles.sagemaker,
        "tracking_server_size": resource.properties["size"],
    }
    return [resource_block("aws_sagemaker_mlflow_tracking_server", label, *items.items())]


def _replaced_first() -> Block:
    return Block("lifecycle", [("create_before_destroy", True)])


def _alarms(endpoint: str, context: Context) -> list[str]:
    """Keys of the alarms on an endpoint."""
    dimension = {"Name": "EndpointName", "Value": endpoint}
    alarms = (one for one in context.resources.values() if one.kind == cloudwatch_alarm.NAME)
    return sorted(one.key for one in alarms if dimension in one.properties.get("Dimensions", []))[:ROLLBACK_ALARMS]


def _variant(variant: dict[str, Any], context: Context) -> dict[str, Any]:
    key = f"{sagemaker_model.NAME}/{variant.get('ModelName')}"
    return {**variant, "ModelName": context.at(key, "name")} if key in context.resources else variant
