"""Managed Prometheus: rule groups namespaces, from prometheus/rules.

https://docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateRuleGroupsNamespace.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.faults import is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import amp_workspace
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source, pages

SECONDS = 180
MACHINE_ONLY = {"platform.yml"}
"""Rules on what only the services of one machine measure."""


class AmpRules(Kind):
    """A rule groups namespace, of each file of rules."""

    name = "amp-rules"
    actions = (
        "aps:CreateRuleGroupsNamespace", "aps:DeleteRuleGroupsNamespace", "aps:DescribeRuleGroupsNamespace",
        "aps:ListRuleGroupsNamespaces", "aps:PutRuleGroupsNamespace",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        workspace = f"{amp_workspace.NAME}/{source.promotion.name}"
        for file in sorted((source.root / "prometheus" / "rules").glob("*.yml")):
            if file.name not in MACHINE_ONLY:
                properties = {"workspace": Ref(workspace, "id"), "rules": file.read_text()}
                yield Resource(self.name, file.stem, properties, parent=workspace)

    def read(self, place: Place, resource: Resource) -> Found | None:
        found = _describe(place, resource)
        if found is None:
            return None
        workspace = resource.properties["workspace"]
        status = found["status"]["statusCode"]
        return Found(
            {"workspace": workspace, "rules": found["data"].decode()},
            ready=status == "ACTIVE",
            note="" if status == "ACTIVE" else f"{status}: {found['status'].get('statusReason', '')}",
        )

    def create(self, place: Place, resource: Resource) -> None:
        place.client("amp").create_rule_groups_namespace(**_named(resource), data=_data(resource))

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        place.client("amp").put_rule_groups_namespace(**_named(resource), data=_data(resource))

    def delete(self, place: Place, resource: Resource) -> None:
        place.client("amp").delete_rule_groups_namespace(**_named(resource))
        place.wait(lambda: _describe(place, resource) is None, f"deletion of rules {resource.name}", SECONDS)

    def wait(self, place: Place, resource: Resource) -> None:
        def active() -> bool:
            found = _describe(place, resource)
            if found and found["status"]["statusCode"].endswith("_FAILED"):
                reason = found["status"].get("statusReason", "no reason is given")
                raise PromoteError(f"rules {resource.name}: {reason}", f"Correct prometheus/rules/{resource.name}.yml.")
            return found is not None and found["status"]["statusCode"] == "ACTIVE"

        place.wait(active, f"rules {resource.name} ACTIVE", SECONDS)

    def others(self, place: Place, wanted: Sequence[Resource]) -> Iterable[str]:
        if not wanted:
            return []
        names = {one.name for one in wanted}
        workspace = wanted[0].properties["workspace"]
        listed = pages(
            place.client("amp"), "list_rule_groups_namespaces", "ruleGroupsNamespaces", workspaceId=workspace
        )
        return [one["name"] for one in listed if one["name"] not in names]


def _named(resource: Resource) -> dict[str, str]:
    return {"workspaceId": resource.properties["workspace"], "name": resource.name}


def _data(resource: Resource) -> bytes:
    return str(resource.properties["rules"]).encode()


def _describe(place: Place, resource: Resource) -> dict[str, Any] | None:
    try:
        answer = place.client("amp").describe_rule_groups_namespace(**_named(resource))
    except Exception as error:
        if is_missing(error):
            return None
        raise
    found: dict[str, Any] = answer["ruleGroupsNamespace"]
    return None if found["status"]["statusCode"] == "DELETING" else found
