"""Scaling of endpoints' variants, by Application Auto Scaling.

https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from obsiverse.promote.faults import code_of
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import sagemaker_endpoint
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages

SERVICE = "application-autoscaling"
NAMESPACE, DIMENSION = "sagemaker", "sagemaker:variant:DesiredInstanceCount"
TRACKING = "TargetTrackingScalingPolicyConfiguration"
POLICY = ("PolicyType", TRACKING, "StepScalingPolicyConfiguration")
UNSAID = {"DisableScaleIn": False, "ScaleInCooldown": 300, "ScaleOutCooldown": 300}
"""What AWS takes where a policy of target tracking does not say it, for variants of endpoints."""


class EndpointScaling(Kind):
    """What a variant of a promoted endpoint scales between, and its policies. Instances above the least are not in the plan's cost."""

    name = "endpoint-scaling"
    actions = (
        "application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies",
        "application-autoscaling:PutScalingPolicy", "application-autoscaling:RegisterScalableTarget",
        "iam:CreateServiceLinkedRole",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        for endpoint in source.endpoints:
            name = endpoint["EndpointName"]
            for variant in endpoint["Config"]["ProductionVariants"]:
                resource = f"endpoint/{name}/variant/{variant['VariantName']}"
                found = _read(source.local, resource)
                if found is not None:
                    parent = f"{sagemaker_endpoint.NAME}/{name}"
                    yield Resource(
                        self.name, resource.removeprefix("endpoint/"), source.retargeted(found), parent=parent
                    )

    def read(self, place: Place, resource: Resource) -> Found | None:
        properties = _read(place, _identity(resource))
        return None if properties is None else Found(properties)

    def create(self, place: Place, resource: Resource) -> None:
        client, wanted, named = place.client(SERVICE), resource.properties, _named(resource)
        client.register_scalable_target(**named, MinCapacity=wanted["min"], MaxCapacity=wanted["max"])
        for name, policy in wanted["policies"].items():
            client.put_scaling_policy(**named, PolicyName=name, **policy)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.create(place, resource)
        for name in found.properties["policies"].keys() - resource.properties["policies"].keys():
            place.client(SERVICE).delete_scaling_policy(**_named(resource), PolicyName=name)

    def delete(self, place: Place, resource: Resource) -> None:
        try:
            place.client(SERVICE).deregister_scalable_target(**_named(resource))
        except Exception as error:
            if code_of(error) != "ObjectNotFoundException":
                raise


def _identity(resource: Resource) -> str:
    return f"endpoint/{resource.name}"


def _named(resource: Resource) -> dict[str, str]:
    return {
        "ServiceNamespace": NAMESPACE,
        "ResourceId": _identity(resource),
        "ScalableDimension": DIMENSION,
    }


def _read(place: Place, resource: str) -> dict[str, Any] | None:
    client = place.client(SERVICE)
    targets = client.describe_scalable_targets(ServiceNamespace=NAMESPACE, ResourceIds=[resource])["ScalableTargets"]
    if not targets:
        return None
    policies = pages(
        client, "describe_scaling_policies", "ScalingPolicies", ServiceNamespace=NAMESPACE, ResourceId=resource
    )
    return {
        "min": targets[0]["MinCapacity"],
        "max": targets[0]["MaxCapacity"],
        "policies": {one["PolicyName"]: _policy(one) for one in policies},
    }


def _policy(policy: dict[str, Any]) -> dict[str, Any]:
    """What is said of a policy, without what says nothing."""
    found = {name: policy[name] for name in POLICY if policy.get(name)}
    if tracking := found.get(TRACKING):
        found[TRACKING] = {name: value for name, value in tracking.items() if UNSAID.get(name, tracking) != value}
    return found
