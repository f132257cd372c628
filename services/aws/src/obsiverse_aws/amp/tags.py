"""Tags: https://docs.aws.amazon.com/prometheus/latest/APIReference/API_TagResource.html."""

from __future__ import annotations

import re
from typing import Any

from obsiverse_aws.amp.errors import ValidationException
from obsiverse_aws.amp.models import RuleGroupsNamespace, Workspace
from obsiverse_aws.amp.resources import Caller, Resources
from obsiverse_aws.resource_errors import ResourceNotFoundException
from obsiverse_aws.store import Gone, Key

MAX_TAGS = 50
KINDS: dict[str, type[Workspace | RuleGroupsNamespace]] = {
    Workspace.KIND: Workspace,
    RuleGroupsNamespace.KIND: RuleGroupsNamespace,
}
_ARN = re.compile(r"arn:aws[a-z-]*:aps:(?P<region>[^:]*):(?P<account>\d{12}):(?P<kind>[^/]+)/(?P<name>.+)", re.ASCII)


class Tags:
    """The operations on tags."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def tag(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """TagResource."""
        arn = request["resourceArn"]
        kind, key = _find(caller, arn)
        try:
            with self._resources.store.change(kind, key) as resource:
                resource.tags |= request["tags"]
                if len(resource.tags) > MAX_TAGS:
                    raise ValidationException(f"A resource can have at most {MAX_TAGS} tags.")
        except Gone:
            raise _not_found(arn) from None
        return {}

    def untag(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """UntagResource."""
        arn = request["resourceArn"]
        kind, key = _find(caller, arn)
        try:
            with self._resources.store.change(kind, key) as resource:
                for name in request["tagKeys"]:
                    resource.tags.pop(name, None)
        except Gone:
            raise _not_found(arn) from None
        return {}

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        arn = request["resourceArn"]
        try:
            return {"tags": self._resources.store.get(*_find(caller, arn)).tags}
        except Gone:
            raise _not_found(arn) from None


def is_ours(arn: str) -> bool:
    """Whether an ARN is of a kind of resource that is kept here."""
    match = _ARN.fullmatch(arn)
    return match is None or match["kind"] in KINDS


def _find(caller: Caller, arn: str) -> tuple[type[Workspace | RuleGroupsNamespace], Key]:
    match = _ARN.fullmatch(arn)
    if match is None:
        raise ValidationException(f"Invalid ARN: {arn}")
    if (match["account"], match["region"]) != caller:
        raise _not_found(arn)
    return KINDS[match["kind"]], Key(*caller, match["name"])


def _not_found(arn: str) -> ResourceNotFoundException:
    return ResourceNotFoundException("Resource not found", arn, "resource")
