"""Endpoints: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

from obsiverse_aws.agent import Agent
from obsiverse_aws.errors import ValidationException
from obsiverse_aws.sagemaker.endpoint_config import check_weights
from obsiverse_aws.sagemaker.images import resolved
from obsiverse_aws.sagemaker.listing import page, present, timestamp
from obsiverse_aws.sagemaker.models import IN_PROGRESS, Deployment, Endpoint, Update, Variant
from obsiverse_aws.sagemaker.resources import Caller, Resources
from obsiverse_aws.sagemaker.tags import as_dict
from obsiverse_aws.sagemaker.update_policy import at_once, update_of
from obsiverse_aws.sagemaker.variants import Variants


class Endpoints:
    """The operations on endpoints."""

    def __init__(
        self,
        resources: Resources,
        agent: Agent,
        variants: Variants,
        begin: Callable[[Endpoint], None],
    ) -> None:
        """`begin` is called with an endpoint that was told to change."""
        self._resources = resources
        self._agent = agent
        self._variants = variants
        self._begin = begin

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateEndpoint."""
        name, now = request["EndpointName"], time.time()
        deployment = self._variants.deployment(caller, name, request["EndpointConfigName"])
        config = request.get("DeploymentConfig")
        # It is for updates; one that can't be is refused now.
        update_of(config, deployment)
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
            update=at_once(),
            last_deployment=config,
        )
        self._resources.insert(endpoint)
        self._begin(endpoint)
        return {"EndpointArn": endpoint.arn}

    def describe(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeEndpoint."""
        endpoint = self._resources.get(Endpoint, caller, request["EndpointName"])
        current, pending = endpoint.current, endpoint.pending
        return present(
            {
                "EndpointName": endpoint.name,
                "EndpointArn": endpoint.arn,
                "EndpointConfigName": endpoint.config,
                "ProductionVariants": _summaries(current, pending, "variants"),
                "ShadowProductionVariants": _summaries(current, pending, "shadows"),
                "DataCaptureConfig": _capture(current),
                "AsyncInferenceConfig": (current or pending or _NOTHING).settings.get("AsyncInferenceConfig"),
                "MetricsConfig": (current or pending or _NOTHING).settings.get("MetricsConfig"),
                "LastDeploymentConfig": endpoint.last_deployment,
                "PendingDeploymentSummary": _pending(endpoint),
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
        """UpdateEndpoint: the new instances are healthy before they get requests."""
        name = request["EndpointName"]
        _updatable(self._resources.get(Endpoint, caller, name))
        deployment = self._variants.deployment(caller, name, request["EndpointConfigName"])
        self._agent.require()
        with self._resources.change(Endpoint, caller, name) as endpoint:
            current = _updatable(endpoint)
            if request.get("RetainAllVariantProperties"):
                excluded = {one["VariantPropertyType"] for one in request.get("ExcludeRetainedVariantProperties", [])}
                _retain(endpoint, current, deployment, excluded)
            config = request.get("DeploymentConfig")
            if request.get("RetainDeploymentConfig"):
                config = config or endpoint.last_deployment
            endpoint.last_deployment = config
            _change(endpoint, deployment, update_of(config, deployment))
        self._begin(endpoint)
        return {"EndpointArn": endpoint.arn}

    def update_weights_and_capacities(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateEndpointWeightsAndCapacities: instances that stay are not touched."""
        self._agent.require()
        with self._resources.change(Endpoint, caller, request["EndpointName"]) as endpoint:
            deployment = copy.deepcopy(_updatable(endpoint))
            variants = {variant.name: variant for variant in (*deployment.variants, *deployment.shadows)}
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
                variant.scale(endpoint.name, count)
            check_weights(variant.weight for variant in deployment.variants)
            _change(endpoint, deployment, at_once())
        self._begin(endpoint)
        return {"EndpointArn": endpoint.arn}

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteEndpoint: requests under way are answered before its instances end."""
        with self._resources.change(Endpoint, caller, request["EndpointName"]) as endpoint:
            if endpoint.status in IN_PROGRESS:
                raise _in_progress(endpoint)
            endpoint.status, endpoint.modified = "Deleting", time.time()
        self._begin(endpoint)
        return {}


_NOTHING = Deployment("", [], [], {}, 0.0)


def _in_progress(endpoint: Endpoint) -> ValidationException:
    return ValidationException(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _updatable(endpoint: Endpoint) -> Deployment:
    if endpoint.status in ("InService", "UpdateRollbackFailed") and endpoint.current is not None:
        return endpoint.current
    if endpoint.status == "Failed":
        raise ValidationException(f'Cannot update failed endpoint "{endpoint.arn}"; delete it and create it again.')
    raise _in_progress(endpoint)


def _change(endpoint: Endpoint, deployment: Deployment, update: Update) -> None:
    endpoint.pending, endpoint.update, endpoint.status = deployment, update, "Updating"
    endpoint.failure_reason, endpoint.modified = None, time.time()


def _retain(endpoint: Endpoint, current: Deployment, deployment: Deployment, excluded: set[str]) -> None:
    old = {variant.name: variant for variant in current.variants}
    for variant in deployment.variants:
        if variant.name in old:
            if "DesiredWeight" not in excluded:
                variant.weight = old[variant.name].weight
            if "DesiredInstanceCount" not in excluded:
                variant.scale(endpoint.name, len(old[variant.name].instances))
    if "DataCaptureConfig" not in excluded and "DataCaptureConfig" in current.settings:
        deployment.settings["DataCaptureConfig"] = current.settings["DataCaptureConfig"]


def _summaries(current: Deployment | None, pending: Deployment | None, kind: str) -> list[dict[str, Any]] | None:
    found: list[Variant] = getattr(current, kind) if current else []
    desired: dict[str, Variant] = {one.name: one for one in getattr(pending, kind)} if pending else {}
    summaries = [
        {
            **_deployed(variant, current.since if current else 0.0),
            "CurrentWeight": variant.weight,
            "DesiredWeight": desired.get(variant.name, variant).weight,
            "CurrentInstanceCount": len(variant.instances),
            "DesiredInstanceCount": len(desired.get(variant.name, variant).instances),
        }
        for variant in found
    ]
    return summaries or None


def _deployed(variant: Variant, since: float) -> dict[str, Any]:
    return {
        "VariantName": variant.name,
        "DeployedImages": [
            {
                "SpecifiedImage": container.image,
                "ResolvedImage": resolved(container.image),
                "ResolutionTime": timestamp(since),
            }
            for container in variant.containers
        ],
    }


def _pending(endpoint: Endpoint) -> dict[str, Any] | None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_PendingDeploymentSummary.html."""
    pending = endpoint.pending
    if pending is None or endpoint.current is None:
        return None
    wanted = endpoint.wanted()

    def summaries(variants: list[Variant]) -> list[dict[str, Any]] | None:
        return [
            {
                **_deployed(variant, pending.since),
                "InstanceType": variant.instance_type,
                "DesiredWeight": variant.weight,
                "CurrentInstanceCount": sum(one is variant for one, _ in wanted),
                "DesiredInstanceCount": len(variant.instances),
            }
            for variant in variants
        ] or None

    return present(
        {
            "EndpointConfigName": pending.config,
            "ProductionVariants": summaries(pending.variants),
            "ShadowProductionVariants": summaries(pending.shadows),
            "StartTime": timestamp(pending.since),
        }
    )


def _capture(deployment: Deployment | None) -> dict[str, Any] | None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DataCaptureConfigSummary.html."""
    config = deployment.settings.get("DataCaptureConfig") if deployment else None
    if config is None:
        return None
    enabled = bool(config.get("EnableCapture"))
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }


def _summary(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": timestamp(endpoint.created),
        "LastModifiedTime": timestamp(endpoint.modified),
        "EndpointStatus": endpoint.status,
    }
