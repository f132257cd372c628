"""The containers of a model, as CreateModel is given them, and where their model data is.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from obsiverse_aws.errors import NotEmulated, ValidationException
from obsiverse_aws.sagemaker.models import Container

MAX_CONTAINERS = 15
METRICS_SECONDS, FREQUENCIES = 60, (10, 30, 60, 120, 180, 240, 300)
"""How often metrics are published where it is not said, and what can be said."""
Definition = dict[str, Any]
DescribePackage = Callable[[str], Definition]
"""DescribeModelPackage by name or ARN."""


def check(definition: Definition) -> None:
    """Raise an error of AWS's where the containers of a CreateModel request can't be served."""
    containers = given(definition)
    names: set[str] = set()
    for container in containers:
        if "Image" not in container and "ModelPackageName" not in container:
            raise ValidationException("A container needs an Image or a ModelPackageName.")
        if container.get("AdditionalModelDataSources"):
            raise NotEmulated("AdditionalModelDataSources are not read.")
        _check_source(container)
        check_frequency(_metrics_endpoint(container))
        if container.get("Mode") == "MultiModel":
            _check_multi_model(container, len(containers))
        name = container.get("ContainerHostname")
        if name in names:
            raise ValidationException(f"Two containers have the ContainerHostname {name}.")
        if name is not None:
            names.add(name)
    if is_direct(definition) and len(names) < len(containers):
        raise ValidationException("Every container of a model with Direct invocation mode needs a ContainerHostname.")


def check_frequency(config: Definition) -> None:
    """Raise ValidationException where metrics can't be published as often as a configuration asks for."""
    seconds = config.get("MetricPublishFrequencyInSeconds", METRICS_SECONDS)
    if seconds not in FREQUENCIES:
        allowed = ", ".join(map(str, FREQUENCIES))
        raise ValidationException(f"MetricPublishFrequencyInSeconds is {seconds}; it can be {allowed}.")


def _metrics_endpoint(container: Definition) -> Definition:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerMetricsConfig.html."""
    endpoints: list[Definition] = container.get("ContainerMetricsConfig", {}).get("MetricsEndpoints") or [{}]
    return endpoints[0]


def _check_source(container: Definition) -> None:
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source is not None and "ModelDataUrl" in container:
        raise ValidationException("Both ModelDataUrl and ModelDataSource are given; a container has one or the other.")
    if source is not None and source["S3DataType"] == "S3Prefix" and source["CompressionType"] == "Gzip":
        raise ValidationException("A ModelDataSource with CompressionType Gzip has S3DataType S3Object.")


def _check_multi_model(container: Definition, count: int) -> None:
    if count > 1:
        raise ValidationException("A container of mode MultiModel is the only one of its model.")
    if not model_data(container):
        raise ValidationException("A container of mode MultiModel needs a ModelDataUrl: the prefix of its models.")


def given(definition: Definition) -> list[Definition]:
    """The container definitions of a CreateModel request.

    Raises ValidationException where there are none, or too many.
    """
    containers, primary = definition.get("Containers") or [], definition.get("PrimaryContainer")
    if primary is not None and containers:
        raise ValidationException("Both PrimaryContainer and Containers are given; a model has one or the other.")
    if primary is not None:
        return [primary]
    if not containers:
        raise ValidationException("A model needs a PrimaryContainer or Containers.")
    return containers


def is_direct(definition: Definition) -> bool:
    """Whether requests name the container that they are for."""
    return definition.get("InferenceExecutionConfig", {}).get("Mode") == "Direct"


def model_data(container: Definition) -> str | None:
    """The S3 URI of a container's model data: an archive, or with a trailing slash the prefix of its files."""
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source is None:
        return container.get("ModelDataUrl")
    uri: str = source["S3Uri"]
    return uri if source["CompressionType"] == "Gzip" else f"{uri.rstrip('/')}/"


def resolve(definition: Definition, describe_package: DescribePackage) -> list[Container]:
    """The containers that a model's instances run; those of model packages are the packages'.

    Raises ValidationException where a package is not there.
    """
    containers: list[Definition] = []
    for container in given(definition):
        if "ModelPackageName" in container:
            package = describe_package(container["ModelPackageName"])
            if package.get("ModelApprovalStatus") == "Rejected":
                raise ValidationException(f"Model package {container['ModelPackageName']} is rejected.")
            for one in package["InferenceSpecification"]["Containers"]:
                environment = {**one.get("Environment", {}), **container.get("Environment", {})}
                containers.append({**one, "Environment": environment})
        else:
            containers.append(container)
    return [
        Container(
            hostname=container.get("ContainerHostname", f"container-{number}"),
            image=container["Image"],
            model_data=model_data(container),
            environment=container.get("Environment", {}),
            archive=secrets.token_hex(8),
            multi_model=container.get("Mode") == "MultiModel",
            metrics_path=_metrics_endpoint(container).get("MetricsEndpointPath", "/metrics"),
            metrics_seconds=_metrics_endpoint(container).get("MetricPublishFrequencyInSeconds", METRICS_SECONDS),
        )
        for number, container in enumerate(containers, 1)
    ]
