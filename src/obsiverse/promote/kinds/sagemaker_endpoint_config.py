"""SageMaker endpoint configs: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from obsiverse.promote.faults import is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import s3_bucket, sagemaker_model
from obsiverse.promote.naming import named
from obsiverse.promote.place import Place
from obsiverse.promote.prices import Prices
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages

NAME = "sagemaker-endpoint-config"
VARIANTS = ("ProductionVariants", "ShadowProductionVariants")
MEMBERS = (*VARIANTS, "DataCaptureConfig", "AsyncInferenceConfig", "ExplainerConfig", "MetricsConfig", "KmsKeyId")


class SageMakerEndpointConfig(Kind):
    """An endpoint config with variants and capture. Nothing of one can be changed, so its name has a digest."""

    name = NAME
    actions = (
        "sagemaker:AddTags", "sagemaker:CreateEndpointConfig", "sagemaker:DeleteEndpointConfig",
        "sagemaker:DescribeEndpointConfig", "sagemaker:ListEndpointConfigs", "sagemaker:ListTags",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        for endpoint in source.endpoints:
            yield resource_of(source, endpoint)

    def read(self, place: Place, resource: Resource) -> Found | None:
        sagemaker = place.client("sagemaker")
        try:
            found = sagemaker.describe_endpoint_config(EndpointConfigName=resource.name)
        except Exception as error:
            if is_missing(error):
                return None
            raise
        tags = sagemaker.list_tags(ResourceArn=found["EndpointConfigArn"])["Tags"]
        ours = place.is_ours(tags)
        return Found(normalized(found), {"arn": found["EndpointConfigArn"]}, ours=ours)

    def create(self, place: Place, resource: Resource) -> None:
        place.client("sagemaker").create_endpoint_config(
            EndpointConfigName=resource.name, **resource.properties, Tags=place.tag_list
        )

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.delete(place, resource)
        self.create(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        try:
            place.client("sagemaker").delete_endpoint_config(EndpointConfigName=resource.name)
        except Exception as error:
            if not is_missing(error):
                raise

    def others(self, place: Place, wanted: Iterable[Resource]) -> Iterable[str]:
        names = {one.name for one in wanted}
        listed = pages(place.client("sagemaker"), "list_endpoint_configs", "EndpointConfigs")
        return [one["EndpointConfigName"] for one in listed if one["EndpointConfigName"] not in names]

    def cost(self, resource: Resource, prices: Prices) -> float:
        variants = [one for member in VARIANTS for one in resource.properties.get(member, [])]
        return sum(
            prices.instance(one["InstanceType"]) * one.get("InitialInstanceCount", 1)
            for one in variants
            if "InstanceType" in one
        )


def resource_of(source: Source, endpoint: dict[str, Any]) -> Resource:
    """What the config of an endpoint of this machine is in the target."""
    properties = source.retargeted(normalized(endpoint["Config"]))
    models = {name: sagemaker_model.resource_of(source, one) for name, one in endpoint["Models"].items()}
    after = {one.key for one in models.values()}
    for member in VARIANTS:
        for variant in properties.get(member, []):
            if variant.get("ModelName") in models:
                variant["ModelName"] = models[variant["ModelName"]].name
    if "DataCaptureConfig" in properties:
        after.add(f"{s3_bucket.NAME}/{source.target.bucket}")
    name = named(endpoint["EndpointName"], properties)
    return Resource(NAME, name, properties, after=frozenset(after))


def normalized(config: dict[str, Any]) -> dict[str, Any]:
    """What is said of a config, without what says nothing."""
    found = {name: config[name] for name in MEMBERS if config.get(name) not in (None, [], {}, "")}
    for member in VARIANTS:
        if member in found:
            found[member] = [_variant(one) for one in found[member]]
    return found


def _variant(variant: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in variant.items() if value not in (None, [], {}, "")}
    if said.get("EnableSSMAccess") is False:
        del said["EnableSSMAccess"]
    return said
