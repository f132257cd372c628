"""CloudWatch's own dashboards, of this machine's account.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from obsiverse.promote.faults import is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.place import Place
from obsiverse.promote.prices import DASHBOARD_PER_MONTH, HOURS_PER_MONTH, Prices
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages


class CloudWatchDashboard(Kind):
    """A dashboard: widgets with the target's region and ARNs."""

    name = "cloudwatch-dashboard"
    actions = (
        "cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:ListDashboards", "cloudwatch:PutDashboard",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        cloudwatch = source.local.client("cloudwatch")
        for one in pages(cloudwatch, "list_dashboards", "DashboardEntries"):
            name = one["DashboardName"]
            body = json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
            yield Resource(self.name, name, {"body": _in_region(source.retargeted(body), source)})

    def read(self, place: Place, resource: Resource) -> Found | None:
        try:
            answer = place.client("cloudwatch").get_dashboard(DashboardName=resource.name)
        except Exception as error:
            if is_missing(error):
                return None
            raise
        return Found({"body": json.loads(answer["DashboardBody"])}, {"arn": answer["DashboardArn"]})

    def create(self, place: Place, resource: Resource) -> None:
        body = json.dumps(resource.properties["body"])
        answer = place.client("cloudwatch").put_dashboard(DashboardName=resource.name, DashboardBody=body)
        for message in answer.get("DashboardValidationMessages", []):
            raise ValueError(f"{resource.key}: {message['DataPath']}: {message['Message']}")

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.create(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        place.client("cloudwatch").delete_dashboards(DashboardNames=[resource.name])

    def cost(self, resource: Resource, prices: Prices) -> float:
        return DASHBOARD_PER_MONTH / HOURS_PER_MONTH


def _in_region(body: dict[str, Any], source: Source) -> dict[str, Any]:
    """A widget names its region, as no ARN."""
    here, there = source.local.region, source.target.region
    for widget in body.get("widgets", []):
        properties = widget.get("properties", {})
        if properties.get("region") == here:
            properties["region"] = there
    return body
