"""Endpoints: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html."""

from __future__ import annotations

import copy
import secrets
import time
from typing import Any

from obsiverse_aws.agent import Agent
from obsiverse_aws.errors import NotEmulated, ValidationException
from obsiverse_aws.sagemaker.deployment import Deployer
from obsiverse_aws.sagemaker.listing import page, present, timestamp
from obsiverse_aws.sagemaker.model import container_of
from obsiverse_aws.sagemaker.models import Deployment, Endpoint, EndpointConfig, Instance, Model, Variant, instance_id
from obsiverse_aws.sagemaker.resources import Caller, Resources
from obsiverse_aws.sagemaker.tags import as_dict

STARTUP_SECONDS = 240
"""How long a container may take to answer /ping where its variant does not say."""


class Endpoints:
    """The operations on endpoints."""

    def __init__(self, resources: Resources, agent: Agent, deployer: Deployer) -> None:
        self._resources = resources
        self._agent = agent
        self._deployer = deployer

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateEndpoint."""
        _check_deployment_config(request)
        name, now = request["EndpointName"], time.time()
        deployment = self._deployment(caller, name, request["EndpointConfigName"])
        self._agent.require()
        endpoint = Endpoint(
            *caller,
            name=name,
            created=now,
            tags=as_dict(request.get("Tags", [])),
            config=deployment.config,
            modified=now,
            status="Creating",
            pending=deployment,
        )
        self._resources.insert(endpoint)
        self._deployer.queue.add(endpoint.key)
        return {"EndpointArn": endpoint.arn}

    def _deployment(self, caller: Caller, endpoint: str, config: str) -> Deployment:
        definition = self._resources.get(EndpointConfig, caller, config).definition
        variants = [self._variant(caller, endpoint, one) for one in definition["ProductionVariants"]]
        return Deployment(config, variants, time.time())

    def _variant(self, caller: Caller, endpoint: str, definition: dict[str, Any]) -> Variant:
        model = self._resources.get(Model, caller, definition["ModelName"])
        container = container_of(model.definition)
        variant = Variant(
            name=definition["VariantName"],
            model=model.name,
            image=container["Image"],
            role=model.definition.get("ExecutionRoleArn", ""),
            model_data=container.get("ModelDataUrl"),
            environment=container.get("Environment", {}),
            weight=definition.get("InitialVariantWeight", 1.0),
            archive=secrets.token_hex(8),
            startup_seconds=definition.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS),
            instances=[],
        )
        _scale(endpoint, variant, definition["InitialInstanceCount"])
        return variant

    def describe(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeEndpoint."""
        endpoint = self._resources.get(Endpoint, caller, request["EndpointName"])
        return present(
            {
                "EndpointName": endpoint.name,
                "EndpointArn": endpoint.arn,
                "EndpointConfigName": endpoint.config,
                "ProductionVariants": _summaries(endpoint) if endpoint.current else None,
                "EndpointStatus": endpoint.status,
                "FailureReason": endpoint.failure_reason,
                "CreationTime": timestamp(endpoint.created),
                "LastModifiedTime": timestamp(endpoint.modified),
            }
        )

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListEndpoints."""
        return page(self._resources.store.list(Endpoint, *caller), request, _summary, member="Endpoints")

    def update(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateEndpoint, all at once: the new instances are healthy before they take over."""
        _check_deployment_config(request)
        name = request["EndpointName"]
        self._resources.get(Endpoint, caller, name)
        deployment = self._deployment(caller, name, request["EndpointConfigName"])
        self._agent.require()
        with self._resources.change(Endpoint, caller, name) as endpoint:
            current = _updatable(endpoint)
            if request.get("RetainAllVariantProperties"):
                excluded = {one["VariantPropertyType"] for one in request.get("ExcludeRetainedVariantProperties", [])}
                _retain(endpoint.name, current, deployment, excluded)
            _begin(endpoint, deployment)
        self._deployer.queue.add(endpoint.key)
        return {"EndpointArn": endpoint.arn}

    def update_weights_and_capacities(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateEndpointWeightsAndCapacities: instances that stay are not touched."""
        self._agent.require()
        with self._resources.change(Endpoint, caller, request["EndpointName"]) as endpoint:
            deployment = copy.deepcopy(_updatable(endpoint))
            variants = {variant.name: variant for variant in deployment.variants}
            for desired in request["DesiredWeightsAndCapacities"]:
                variant = variants.get(desired["VariantName"])
                if variant is None:
                    raise ValidationException(
                        f'The variant name(s) "{desired["VariantName"]}" is/are not present within endpoint '
                        f'configuration "{deployment.config}".'
                    )
                variant.weight = desired.get("DesiredWeight", variant.weight)
                count = desired.get("DesiredInstanceCount", len(variant.instances))
                if count < 1:
                    raise ValidationException(f"Variant {variant.name} needs at least one instance.")
                _scale(endpoint.name, variant, count)
            _begin(endpoint, deployment)
        self._deployer.queue.add(endpoint.key)
        return {"EndpointArn": endpoint.arn}

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteEndpoint."""
        with self._resources.change(Endpoint, caller, request["EndpointName"]) as endpoint:
            if endpoint.status not in ("InService", "SystemUpdating", "Failed"):
                raise _in_progress(endpoint)
            endpoint.status, endpoint.modified = "Deleting", time.time()
        self._deployer.queue.add(endpoint.key)
        return {}


def _check_deployment_config(request: dict[str, Any]) -> None:
    config = request.get("DeploymentConfig") or {}
    routing = config.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {}).get("Type", "ALL_AT_ONCE")
    if routing != "ALL_AT_ONCE" or "RollingUpdatePolicy" in config or "AutoRollbackConfiguration" in config:
        raise NotEmulated(
            "Endpoints are updated all at once; canary, linear and rolling updates and rollback alarms are not run yet."
        )


def _in_progress(endpoint: Endpoint) -> ValidationException:
    return ValidationException(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _updatable(endpoint: Endpoint) -> Deployment:
    if endpoint.status != "InService" or endpoint.current is None:
        if endpoint.status == "Failed":
            raise ValidationException(f'Cannot update failed endpoint "{endpoint.arn}"; delete it and create it again.')
        raise _in_progress(endpoint)
    return endpoint.current


def _begin(endpoint: Endpoint, deployment: Deployment) -> None:
    endpoint.pending, endpoint.status = deployment, "Updating"
    endpoint.failure_reason, endpoint.modified = None, time.time()


def _scale(endpoint: str, variant: Variant, count: int) -> None:
    del variant.instances[count:]
    while len(variant.instances) < count:
        identity = instance_id()
        variant.instances.append(Instance(identity, f"{endpoint}-{variant.name}-{identity}", time.time()))


def _retain(endpoint: str, current: Deployment, deployment: Deployment, excluded: set[str]) -> None:
    old = {variant.name: variant for variant in current.variants}
    for variant in deployment.variants:
        if variant.name in old:
            if "DesiredWeight" not in excluded:
                variant.weight = old[variant.name].weight
            if "DesiredInstanceCount" not in excluded:
                _scale(endpoint, variant, len(old[variant.name].instances))


def _summaries(endpoint: Endpoint) -> list[dict[str, Any]]:
    desired = {one.name: one for one in endpoint.pending.variants} if endpoint.pending else {}
    assert endpoint.current is not None
    return [
        {
            "VariantName": variant.name,
            "DeployedImages": [
                {
                    "SpecifiedImage": variant.image,
                    "ResolvedImage": variant.image,
                    "ResolutionTime": timestamp(endpoint.current.since),
                }
            ],
            "CurrentWeight": variant.weight,
            "DesiredWeight": desired.get(variant.name, variant).weight,
            "CurrentInstanceCount": len(variant.instances),
            "DesiredInstanceCount": len(desired.get(variant.name, variant).instances),
        }
        for variant in endpoint.current.variants
    ]


def _summary(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": timestamp(endpoint.created),
        "LastModifiedTime": timestamp(endpoint.modified),
        "EndpointStatus": endpoint.status,
    }
