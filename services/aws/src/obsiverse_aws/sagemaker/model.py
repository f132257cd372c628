"""Models: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from obsiverse_aws.sagemaker import containers
from obsiverse_aws.sagemaker.listing import page, timestamp
from obsiverse_aws.sagemaker.models import Model
from obsiverse_aws.sagemaker.resources import Caller, Resources
from obsiverse_aws.sagemaker.tags import as_dict


class Models:
    """The operations on models."""

    def __init__(self, resources: Resources, describe_package: Callable[[Caller, str], dict[str, Any]]) -> None:
        """`describe_package` is DescribeModelPackage in the name of a caller."""
        self._resources = resources
        self._describe_package = describe_package

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateModel."""
        definition = {name: value for name, value in request.items() if name != "Tags"}
        containers.check(definition)
        containers.resolve(definition, lambda name: self._describe_package(caller, name))
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


def _summary(model: Model) -> dict[str, Any]:
    return {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": timestamp(model.created)}
