"""Transaction Search: X-Ray's spans to CloudWatch Logs, without which its OTLP endpoint takes none.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Transaction-Search.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from obsiverse.promote.kind import Kind
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages

NAME = "transaction-search"
POLICY_NAME = "obsiverse-transaction-search"
SECONDS = 600
GROUPS = ("aws/spans", "/aws/application-signals/data")


class LogsResourcePolicy(Kind):
    """Lets X-Ray write spans to CloudWatch Logs."""

    name = "logs-resource-policy"
    actions = ("logs:DeleteResourcePolicy", "logs:DescribeResourcePolicies", "logs:PutResourcePolicy")

    def desired(self, source: Source) -> Iterable[Resource]:
        yield Resource(self.name, POLICY_NAME, {"policy": _policy(source)})

    def read(self, place: Place, resource: Resource) -> Found | None:
        for one in pages(place.client("logs"), "describe_resource_policies", "resourcePolicies"):
            if one["policyName"] == resource.name:
                return Found({"policy": json.loads(one["policyDocument"])})
        return None

    def create(self, place: Place, resource: Resource) -> None:
        document = json.dumps(resource.properties["policy"])
        place.client("logs").put_resource_policy(policyName=resource.name, policyDocument=document)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.create(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        if self.read(place, resource):
            place.client("logs").delete_resource_policy(policyName=resource.name)


class TransactionSearch(Kind):
    """Where X-Ray keeps spans. There is always one, so it is changed, never made."""

    name = NAME
    actions = ("xray:GetTraceSegmentDestination", "xray:UpdateTraceSegmentDestination")

    def desired(self, source: Source) -> Iterable[Resource]:
        after = frozenset({f"{LogsResourcePolicy.name}/{POLICY_NAME}"})
        yield Resource(self.name, "destination", {"destination": "CloudWatchLogs"}, after=after)

    def read(self, place: Place, resource: Resource) -> Found | None:
        found = place.client("xray").get_trace_segment_destination()
        return Found({"destination": found["Destination"]}, ready=found["Status"] == "ACTIVE")

    def create(self, place: Place, resource: Resource) -> None:
        place.client("xray").update_trace_segment_destination(Destination=resource.properties["destination"])

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.create(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        """There is always one."""

    def wait(self, place: Place, resource: Resource) -> None:
        def active() -> bool:
            return place.client("xray").get_trace_segment_destination()["Status"] == "ACTIVE"

        hint = "AWS says up to ten minutes. Apply again then: it goes on from here."
        place.wait(active, "Transaction Search ACTIVE", SECONDS, hint)


class XrayIndexingRule(Kind):
    """Of which share of traces there are summaries. There is always one rule."""

    name = "xray-indexing-rule"
    actions = ("xray:GetIndexingRules", "xray:UpdateIndexingRule")

    def desired(self, source: Source) -> Iterable[Resource]:
        after = frozenset({f"{NAME}/destination"})
        yield Resource(self.name, "Default", {"percent": float(source.promotion.indexing_percent)}, after=after)

    def read(self, place: Place, resource: Resource) -> Found | None:
        for one in place.client("xray").get_indexing_rules()["IndexingRules"]:
            if one["Name"] == resource.name:
                return Found({"percent": float(one["Rule"]["Probabilistic"]["DesiredSamplingPercentage"])})
        return None

    def create(self, place: Place, resource: Resource) -> None:
        rule = {"Probabilistic": {"DesiredSamplingPercentage": resource.properties["percent"]}}
        place.client("xray").update_indexing_rule(Name=resource.name, Rule=rule)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.create(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        """There is always one."""


def _policy(source: Source) -> dict[str, Any]:
    account = source.target.account
    statement: dict[str, Any] = {
        "Sid": "TransactionSearchXRayAccess",
        "Effect": "Allow",
        "Principal": {"Service": "xray.amazonaws.com"},
        "Action": "logs:PutLogEvents",
        "Resource": [source.arn("logs", f"log-group:{group}:*") for group in GROUPS],
        "Condition": {
            "ArnLike": {"aws:SourceArn": source.arn("xray", "*")},
            "StringEquals": {"aws:SourceAccount": account},
        },
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
