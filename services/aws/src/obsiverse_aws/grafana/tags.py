"""Tags: https://docs.aws.amazon.com/grafana/latest/APIReference/API_TagResource.html."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.grafana.errors import refused
from obsiverse_aws.grafana.models import Workspace
from obsiverse_aws.grafana.resources import Resources
from obsiverse_aws.resource_errors import ResourceNotFoundException
from obsiverse_aws.store import Gone, Key

MAX_TAGS = 50
_ARN = re.compile(
    r"arn:aws[a-z-]*:grafana:(?P<region>[^:]*):(?P<account>\d{12}):/workspaces/(?P<name>g-[0-9a-f]{10})", re.ASCII
)


class Tags:
    """The operations on tags, which workspaces have."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def tag(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """TagResource."""
        arn, tags = request["resourceArn"], request["tags"]
        check_tags(tags)
        try:
            with self._resources.store.change(Workspace, _key(caller, arn)) as workspace:
                workspace.tags |= tags
                check_tags(workspace.tags)
        except Gone:
            raise _not_found(arn) from None
        return {}

    def untag(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """UntagResource."""
        arn = request["resourceArn"]
        try:
            with self._resources.store.change(Workspace, _key(caller, arn)) as workspace:
                for name in request["tagKeys"]:
                    workspace.tags.pop(name, None)
        except Gone:
            raise _not_found(arn) from None
        return {}

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        arn = request["resourceArn"]
        try:
            return {"tags": self._resources.store.get(Workspace, _key(caller, arn)).tags}
        except Gone:
            raise _not_found(arn) from None


def check_tags(names: Iterable[str]) -> None:
    """Raises ValidationException for names of tags that AWS keeps to itself, or too many."""
    listed = list(names)
    if any(name.lower().startswith("aws:") for name in listed):
        raise refused("tags", "The name of a tag can't begin with aws:.")
    if len(listed) > MAX_TAGS:
        raise refused("tags", f"A workspace can have at most {MAX_TAGS} tags.")


def _key(caller: Caller, arn: str) -> Key:
    match = _ARN.fullmatch(arn)
    if match is None:
        raise refused(
            "resourceArn", f"{arn} is no ARN of a workspace: arn:aws:grafana:REGION:ACCOUNT:/workspaces/WORKSPACE_ID."
        )
    if (match["account"], match["region"]) != caller:
        raise _not_found(arn)
    return Key(*caller, match["name"])


def _not_found(arn: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"{arn} was not found.", arn, Workspace.KIND)
