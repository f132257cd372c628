"""Endpoint configurations: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from obsiverse_aws.errors import NotEmulated, ValidationException
from obsiverse_aws.sagemaker import containers
from obsiverse_aws.sagemaker.listing import page, timestamp
from obsiverse_aws.sagemaker.models import EndpointConfig, Model
from obsiverse_aws.sagemaker.resources import Caller, Resources
from obsiverse_aws.sagemaker.tags import as_dict

REFUSED = {"ExplainerConfig": "Explainers are not run."}


def check_weights(weights: Iterable[float]) -> None:
    """Raise ValidationException where no production variant would get a request."""
    if not any(weight > 0 for weight in weights):
        raise ValidationException("The sum of the production variants' weights must be greater than 0.")


class EndpointConfigs:
    """The operations on endpoint configurations."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateEndpointConfig."""
        for member, why in REFUSED.items():
            if request.get(member):
                raise NotEmulated(why)
        production, shadows = request["ProductionVariants"], request.get("ShadowProductionVariants", [])
        names: set[str] = set()
        for variant in (*production, *shadows):
            self._check(caller, variant)
            if variant["VariantName"] in names:
                raise ValidationException(f"Two variants have the name {variant['VariantName']}.")
            names.add(variant["VariantName"])
        if shadows and (len(production), len(shadows)) != (1, 1):
            raise ValidationException("A shadow variant is the only one, beside one production variant.")
        check_weights(variant.get("InitialVariantWeight", 1.0) for variant in production)
        _check_asynchronous(request.get("AsyncInferenceConfig"))
        containers.check_frequency(request.get("MetricsConfig", {}))
        config = EndpointConfig(
            *caller,
            name=request["EndpointConfigName"],
            created=time.time(),
            tags=as_dict(request.get("Tags", [])),
            definition={name: value for name, value in request.items() if name != "Tags"},
        )
        self._resources.insert(config)
        return {"EndpointConfigArn": config.arn}

    def _check(self, caller: Caller, variant: dict[str, Any]) -> None:
        if "ServerlessConfig" in variant:
            raise NotEmulated("Serverless variants are not run; give InstanceType and InitialInstanceCount.")
        for member in ("ModelName", "InstanceType", "InitialInstanceCount"):
            if member not in variant:
                raise ValidationException(f"{member} is required for production variant {variant['VariantName']}.")
        self._resources.get(Model, caller, variant["ModelName"])

    def describe(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeEndpointConfig."""
        config = self._resources.get(EndpointConfig, caller, request["EndpointConfigName"])
        variants = [{"InitialVariantWeight": 1.0, **one} for one in config.definition["ProductionVariants"]]
        return {
            **config.definition,
            "ProductionVariants": variants,
            "EndpointConfigArn": config.arn,
            "CreationTime": timestamp(config.created),
        }

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListEndpointConfigs."""
        configs = self._resources.store.list(EndpointConfig, *caller)
        return page(configs, request, _summary, member="EndpointConfigs")

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteEndpointConfig; an endpoint that was made from it goes on."""
        self._resources.delete(EndpointConfig, caller, request["EndpointConfigName"])
        return {}


def _check_asynchronous(config: dict[str, Any] | None) -> None:
    if config is not None and "S3OutputPath" not in config["OutputConfig"]:
        raise ValidationException("AsyncInferenceConfig needs an OutputConfig with an S3OutputPath.")


def _summary(config: EndpointConfig) -> dict[str, Any]:
    return {
        "EndpointConfigName": config.name,
        "EndpointConfigArn": config.arn,
        "CreationTime": timestamp(config.created),
    }
