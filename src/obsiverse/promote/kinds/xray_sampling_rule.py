"""X-Ray sampling rules: https://docs.aws.amazon.com/xray/latest/api/API_CreateSamplingRule.html."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from obsiverse.promote.kind import Kind
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages

MEMBERS = (
    "ResourceARN", "Priority", "FixedRate", "ReservoirSize", "ServiceName", "ServiceType", "Host", "HTTPMethod",
    "URLPath", "Attributes",
)  # fmt: skip


class XraySamplingRule(Kind):
    """A sampling rule of this machine, other than the default one."""

    name = "xray-sampling-rule"
    actions = (
        "xray:CreateSamplingRule", "xray:DeleteSamplingRule", "xray:GetSamplingRules", "xray:ListTagsForResource",
        "xray:TagResource", "xray:UpdateSamplingRule",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        for name, rule in _rules(source.local).items():
            if name != "Default":
                yield Resource(self.name, name, source.retargeted(_properties(rule)))

    def read(self, place: Place, resource: Resource) -> Found | None:
        rule = _rules(place).get(resource.name)
        if rule is None:
            return None
        tags = place.client("xray").list_tags_for_resource(ResourceARN=rule["RuleARN"])["Tags"]
        ours = place.is_ours(tags)
        return Found(_properties(rule), ours=ours)

    def create(self, place: Place, resource: Resource) -> None:
        rule = {"RuleName": resource.name, "Version": 1, **resource.properties}
        place.client("xray").create_sampling_rule(SamplingRule=rule, Tags=place.tag_list)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        update = {"RuleName": resource.name, **resource.properties}
        place.client("xray").update_sampling_rule(SamplingRuleUpdate=update)

    def delete(self, place: Place, resource: Resource) -> None:
        if resource.name in _rules(place):
            place.client("xray").delete_sampling_rule(RuleName=resource.name)


def _rules(place: Place) -> dict[str, dict[str, Any]]:
    listed = pages(place.client("xray"), "get_sampling_rules", "SamplingRuleRecords")
    return {one["SamplingRule"]["RuleName"]: one["SamplingRule"] for one in listed}


def _properties(rule: dict[str, Any]) -> dict[str, Any]:
    return {name: rule[name] for name in MEMBERS if name in rule}
