"""An endpoint's variants, out of its configuration and the models that it names."""

from __future__ import annotations

import time
from typing import Any

from obsiverse_aws.sagemaker import containers
from obsiverse_aws.sagemaker.models import Deployment, EndpointConfig, Model, Variant
from obsiverse_aws.sagemaker.resources import Caller, Resources

STARTUP_SECONDS = 240
"""How long a container may take to answer /ping where its variant does not say."""
SETTINGS = ("DataCaptureConfig", "AsyncInferenceConfig", "MetricsConfig")


class Variants:
    """Makes deployments. Args: describe_package: DescribeModelPackage in the name of a caller."""

    def __init__(self, resources: Resources, describe_package: Any) -> None:
        self._resources = resources
        self._describe_package = describe_package

    def deployment(self, caller: Caller, endpoint: str, config: str) -> Deployment:
        """A deployment of an endpoint under a configuration; raises ValidationException where something is missing."""
        definition = self._resources.get(EndpointConfig, caller, config).definition
        observed = definition.get("MetricsConfig", {}).get("EnableDetailedObservability")
        production, shadows = definition["ProductionVariants"], definition.get("ShadowProductionVariants", [])
        return Deployment(
            config,
            [self._variant(caller, endpoint, one, observed) for one in production],
            [self._variant(caller, endpoint, one, observed) for one in shadows],
            {name: definition[name] for name in SETTINGS if name in definition},
            time.time(),
        )

    def _variant(self, caller: Caller, endpoint: str, definition: dict[str, Any], observed: bool | None) -> Variant:
        model = self._resources.get(Model, caller, definition["ModelName"])
        variant = Variant(
            name=definition["VariantName"],
            model=model.name,
            role=model.definition.get("ExecutionRoleArn", ""),
            containers=containers.resolve(model.definition, lambda name: self._describe_package(caller, name)),
            direct=containers.is_direct(model.definition),
            weight=definition.get("InitialVariantWeight", 1.0),
            startup_seconds=definition.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS),
            instance_type=definition["InstanceType"],
            instances=[],
            observed=observed,
        )
        variant.scale(endpoint, definition["InitialInstanceCount"])
        return variant
