"""X-Ray groups: https://docs.aws.amazon.com/xray/latest/api/API_CreateGroup.html."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from obsiverse.promote.kind import Kind
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages


class XrayGroup(Kind):
    """A group with its filter expression."""

    name = "xray-group"
    actions = (
        "xray:CreateGroup", "xray:DeleteGroup", "xray:GetGroups", "xray:ListTagsForResource", "xray:TagResource",
        "xray:UpdateGroup",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        patterns = source.promotion.trace_groups
        if not patterns:
            return
        groups = {one["GroupName"]: one for one in pages(source.local.client("xray"), "get_groups", "Groups")}
        groups.pop("Default", None)
        for name in source.chosen(list(groups), patterns):
            yield Resource(self.name, name, _properties(groups[name]))

    def read(self, place: Place, resource: Resource) -> Found | None:
        xray = place.client("xray")
        for one in pages(xray, "get_groups", "Groups"):
            if one["GroupName"] == resource.name:
                tags = xray.list_tags_for_resource(ResourceARN=one["GroupARN"])["Tags"]
                ours = place.is_ours(tags)
                return Found(_properties(one), {"arn": one["GroupARN"]}, ours=ours)
        return None

    def create(self, place: Place, resource: Resource) -> None:
        place.client("xray").create_group(GroupName=resource.name, Tags=place.tag_list, **resource.properties)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        place.client("xray").update_group(GroupName=resource.name, **resource.properties)

    def delete(self, place: Place, resource: Resource) -> None:
        if self.read(place, resource):
            place.client("xray").delete_group(GroupName=resource.name)


def _properties(group: dict[str, Any]) -> dict[str, Any]:
    insights = group.get("InsightsConfiguration", {})
    return {
        "FilterExpression": group.get("FilterExpression", ""),
        "InsightsConfiguration": {
            "InsightsEnabled": insights.get("InsightsEnabled", False),
            "NotificationsEnabled": insights.get("NotificationsEnabled", False),
        },
    }
