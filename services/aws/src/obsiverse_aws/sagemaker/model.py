"""Models: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html."""

from __future__ import annotations

import time
from typing import Any

from obsiverse_aws.errors import NotEmulated, ValidationException
from obsiverse_aws.sagemaker.listing import page, timestamp
from obsiverse_aws.sagemaker.models import Model
from obsiverse_aws.sagemaker.resources import Caller, Resources
from obsiverse_aws.sagemaker.tags import as_dict

REFUSED = {
    "ModelPackageName": "A container out of a model package is not run yet.",
    "ModelDataSource": "ModelDataSource is not read; give a tar.gz as ModelDataUrl.",
    "AdditionalModelDataSources": "AdditionalModelDataSources are not read.",
    "MultiModelConfig": "Multi-model endpoints are not run.",
}


class Models:
    """The operations on models."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateModel."""
        definition = {name: value for name, value in request.items() if name != "Tags"}
        container = container_of(definition)
        for member, why in REFUSED.items():
            if member in container:
                raise NotEmulated(why)
        if container.get("Mode") == "MultiModel":
            raise NotEmulated(REFUSED["MultiModelConfig"])
        if "Image" not in container:
            raise ValidationException("Image is required in a container that names no model package.")
        model = Model(
            *caller,
            name=request["ModelName"],
            created=time.time(),
            tags=as_dict(request.get("Tags", [])),
            definition=definition,
        )
        self._resources.insert(model)
        return {"ModelArn": model.arn}

    def describe(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeModel."""
        model = self._resources.get(Model, caller, request["ModelName"])
        return {
            "EnableNetworkIsolation": False,
            **model.definition,
            "ModelArn": model.arn,
            "CreationTime": timestamp(model.created),
        }

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListModels."""
        return page(self._resources.store.list(Model, *caller), request, _summary, member="Models")

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteModel."""
        self._resources.delete(Model, caller, request["ModelName"])
        return {}


def container_of(definition: dict[str, Any]) -> dict[str, Any]:
    """The one container of a model.

    Raises ValidationException without any, NotEmulated with several.
    """
    containers = definition.get("Containers") or []
    primary = definition.get("PrimaryContainer")
    if primary is not None and containers:
        raise ValidationException("Both PrimaryContainer and Containers are given; a model has one or the other.")
    if primary is not None:
        return primary
    if not containers:
        raise ValidationException("A model needs a PrimaryContainer or Containers.")
    if len(containers) > 1:
        raise NotEmulated("Inference pipelines of several containers are not run.")
    return containers[0]


def _summary(model: Model) -> dict[str, Any]:
    return {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": timestamp(model.created)}
