"""SageMaker endpoints, which go over to another config by canary.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.faults import is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import cloudwatch_alarm, iam_role, log_group, sagemaker_endpoint_config
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages

NAME = "sagemaker-endpoint"
SECONDS = 2400
"""For one that is made: an image is pulled and a model loaded. An update waits for its canary as well."""
DELETION_SECONDS = 900


class SageMakerEndpoint(Kind):
    """An endpoint with the name of config that it serves. Alarms on it take a bad update back."""

    name = NAME
    actions = (
        "sagemaker:AddTags", "sagemaker:CreateEndpoint", "sagemaker:DeleteEndpoint", "sagemaker:DescribeEndpoint",
        "sagemaker:ListEndpoints", "sagemaker:ListTags", "sagemaker:UpdateEndpoint",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        for endpoint in source.endpoints:
            name = endpoint["EndpointName"]
            config = sagemaker_endpoint_config.resource_of(source, endpoint)
            after = {
                config.key,
                f"{log_group.NAME}/{log_group.group_of(name)}",
                f"{iam_role.NAME}/{iam_role.sagemaker(source)}",
            }
            yield Resource(self.name, name, {"config": config.name}, after=frozenset(after))

    def read(self, place: Place, resource: Resource) -> Found | None:
        found = _describe(place, resource.name)
        if found is None:
            return None
        tags = place.client("sagemaker").list_tags(ResourceArn=found["EndpointArn"])["Tags"]
        status = found["EndpointStatus"]
        reason = found.get("FailureReason", "")
        return Found(
            {"config": _config(found)},
            {"arn": found["EndpointArn"]},
            ours=place.is_ours(tags),
            ready=status == "InService",
            note="" if status == "InService" else f"{status}: {reason}".strip(": "),
        )

    def create(self, place: Place, resource: Resource) -> None:
        place.client("sagemaker").create_endpoint(
            EndpointName=resource.name, EndpointConfigName=resource.properties["config"], Tags=place.tag_list
        )

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self._settle(place, resource.name)
        canary = place.promotion.canary
        policy: dict[str, Any] = {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "CANARY",
                    "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": canary.percent},
                    "WaitIntervalInSeconds": canary.seconds,
                },
                "TerminationWaitInSeconds": 0,
            }
        }
        if alarms := _alarms(place, resource.name):
            policy["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in alarms]}
        place.client("sagemaker").update_endpoint(
            EndpointName=resource.name, EndpointConfigName=resource.properties["config"], DeploymentConfig=policy
        )

    def delete(self, place: Place, resource: Resource) -> None:
        if self._settle(place, resource.name) is None:
            return
        place.client("sagemaker").delete_endpoint(EndpointName=resource.name)
        gone = f"deletion of endpoint {resource.name}"
        place.wait(lambda: _describe(place, resource.name) is None, gone, DELETION_SECONDS)

    def wait(self, place: Place, resource: Resource) -> None:
        found = self._settle(place, resource.name)
        if found is None:
            raise PromoteError(f"endpoint {resource.name} is gone", "Apply again.")
        if found["EndpointStatus"] != "InService":
            raise PromoteError(
                f"endpoint {resource.name} is {found['EndpointStatus']}: {found.get('FailureReason', 'no reason is given')}",
                f"See its log, group {log_group.group_of(resource.name)}; `promote rollback` deletes it.",
            )
        if _config(found) != resource.properties["config"]:
            raise PromoteError(
                f"endpoint {resource.name} went back to the config it had: "
                f"{found.get('FailureReason', 'an alarm fired, or the new model does not start')}",
                f"See its alarms, and group {log_group.group_of(resource.name)}.",
            )

    def others(self, place: Place, wanted: Iterable[Resource]) -> Iterable[str]:
        names = {one.name for one in wanted}
        listed = pages(place.client("sagemaker"), "list_endpoints", "Endpoints")
        return [one["EndpointName"] for one in listed if one["EndpointName"] not in names]

    def _settle(self, place: Place, name: str) -> dict[str, Any] | None:
        """The endpoint once it does not change; None where it is gone."""
        last: list[dict[str, Any] | None] = []

        def settled() -> bool:
            last[:] = [_describe(place, name)]
            return last[0] is None or not last[0]["EndpointStatus"].endswith("ing")

        seconds = SECONDS + place.promotion.canary.seconds
        place.wait(settled, f"endpoint {name}", seconds, f"See group {log_group.group_of(name)}.")
        return last[0]


def _alarms(place: Place, endpoint: str) -> list[str]:
    """Our alarms on an endpoint: at most ten may watch an update."""
    listed = pages(place.client("cloudwatch"), "describe_alarms", "MetricAlarms", AlarmTypes=["MetricAlarm"])
    dimension = {"Name": "EndpointName", "Value": endpoint}
    found = [one["AlarmName"] for one in listed if dimension in cloudwatch_alarm.normalized(one).get("Dimensions", [])]
    return sorted(found)[:10]


def _config(found: dict[str, Any]) -> str:
    pending = found.get("PendingDeploymentSummary", {})
    return str(pending.get("EndpointConfigName") or found["EndpointConfigName"])


def _describe(place: Place, name: str) -> dict[str, Any] | None:
    try:
        return place.client("sagemaker").describe_endpoint(EndpointName=name)
    except Exception as error:
        if is_missing(error):
            return None
        raise
