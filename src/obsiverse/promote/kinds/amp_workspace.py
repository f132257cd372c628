"""Managed Prometheus: the workspace.

https://docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateWorkspace.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from obsiverse.promote.faults import is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages

NAME = "amp-workspace"
SECONDS = 300


class AmpWorkspace(Kind):
    """A workspace, known by its alias; or the one that the target's file names.

    Attributes that others use: `id`, `arn`, `url` (without the slash at its end), and `remote_write` and `query` under it.
    """

    name = NAME
    actions = (
        "aps:CreateWorkspace", "aps:DeleteWorkspace", "aps:DescribeWorkspace", "aps:ListWorkspaces", "aps:TagResource",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        yield Resource(self.name, source.promotion.name, {"alias": source.promotion.name})

    def read(self, place: Place, resource: Resource) -> Found | None:
        found = _find(place, resource.name)
        if found is None:
            return None
        url = found["prometheusEndpoint"].rstrip("/")
        fixed = place.target.workspaces.amp is not None
        return Found(
            dict(resource.properties) if fixed else {"alias": found.get("alias", "")},
            {
                "id": found["workspaceId"],
                "arn": found["arn"],
                "url": url,
                "query": place.target.endpoints.amp_query or url,
                "remote_write": place.target.endpoints.amp_remote_write or f"{url}/api/v1/remote_write",
            },
            ours=None if fixed else place.is_ours(found.get("tags", {})),
            ready=found["status"]["statusCode"] == "ACTIVE",
            note="workspaces.amp of the target's file" if fixed else "",
        )

    def create(self, place: Place, resource: Resource) -> None:
        if place.target.workspaces.amp:
            # Its absence was noticed by `read`: DescribeWorkspace's own error says it best.
            place.client("amp").describe_workspace(workspaceId=place.target.workspaces.amp)
            return
        token = f"obsiverse-{place.account}-{place.region}-{resource.name}"
        found = place.client("amp").create_workspace(alias=resource.name, tags=place.tags, clientToken=token)
        self._created(place, found["workspaceId"])

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        place.client("amp").update_workspace_alias(workspaceId=found.attributes["id"], alias=resource.name)

    def delete(self, place: Place, resource: Resource) -> None:
        found = _find(place, resource.name)
        if found is None:
            return
        place.client("amp").delete_workspace(workspaceId=found["workspaceId"])
        place.wait(lambda: _find(place, resource.name) is None, f"deletion of workspace {resource.name}", SECONDS)

    def wait(self, place: Place, resource: Resource) -> None:
        def active() -> bool:
            found = _find(place, resource.name)
            return found is not None and found["status"]["statusCode"] == "ACTIVE"

        place.wait(active, f"workspace {resource.name} ACTIVE", SECONDS)

    def _created(self, place: Place, identity: str) -> None:
        place.wait(lambda: _describe(place, identity) is not None, f"workspace {identity}", SECONDS)


def _find(place: Place, alias: str) -> dict[str, Any] | None:
    amp = place.client("amp")
    if place.target.workspaces.amp:
        return _describe(place, place.target.workspaces.amp)
    for one in pages(amp, "list_workspaces", "workspaces", alias=alias):
        # The alias that is asked for may be the beginning of a longer one.
        if one.get("alias") == alias and one["status"]["statusCode"] not in ("DELETING", "CREATION_FAILED"):
            return _describe(place, one["workspaceId"])
    return None


def _describe(place: Place, identity: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = place.client("amp").describe_workspace(workspaceId=identity)["workspace"]
    except Exception as error:
        if is_missing(error):
            return None
        raise
    return found
