"""Tags of our resources: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AddTags.html."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from obsiverse_aws.errors import ResourceLimitExceeded, ValidationException
from obsiverse_aws.sagemaker.models import Endpoint, EndpointConfig, Model, SageMakerResource, TrainingJob
from obsiverse_aws.sagemaker.resources import Caller, Resources

MAX_TAGS = 50
KINDS: dict[str, type[SageMakerResource]] = {one.KIND: one for one in (Endpoint, EndpointConfig, Model, TrainingJob)}
_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:(?P<region>[^:]*):(?P<account>\d{12}):(?P<kind>[^/]+)/(?P<name>.+)")


def as_dict(tags: Iterable[dict[str, str]]) -> dict[str, str]:
    """Tags by key; raises ValidationException for a key given twice."""
    found: dict[str, str] = {}
    for tag in tags:
        if tag["Key"] in found:
            raise ValidationException(
                f"Duplicate tag keys found. Please note that Tag keys are case insensitive. Key: {tag['Key']}"
            )
        found[tag["Key"]] = tag["Value"]
    return found


def as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as AWS writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def is_ours(arn: str) -> bool:
    """Whether an ARN is of a kind of resource that is kept here."""
    match = _ARN.fullmatch(arn)
    return match is not None and match["kind"] in KINDS


class Tags:
    """The operations on tags."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def add(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """AddTags."""
        kind, name = self._find(caller, request["ResourceArn"])
        with self._resources.change(kind, caller, name) as resource:
            resource.tags |= as_dict(request["Tags"])
            if len(resource.tags) > MAX_TAGS:
                raise ResourceLimitExceeded(f"A resource can have at most {MAX_TAGS} tags.")
            return {"Tags": as_list(resource.tags)}

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListTags; a resource's 50 tags are one page."""
        kind, name = self._find(caller, request["ResourceArn"])
        return {"Tags": as_list(self._resources.get(kind, caller, name).tags)}

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteTags."""
        kind, name = self._find(caller, request["ResourceArn"])
        with self._resources.change(kind, caller, name) as resource:
            for key in request["TagKeys"]:
                resource.tags.pop(key, None)
        return {}

    def _find(self, caller: Caller, arn: str) -> tuple[type[SageMakerResource], str]:
        match = _ARN.fullmatch(arn)
        if match is None or (match["account"], match["region"]) != caller:
            raise ValidationException(f'Could not find resource "{arn}".')
        kind = KINDS[match["kind"]]
        # Names keep their case, ARNs don't.
        for resource in self._resources.store.list(kind, *caller):
            if resource.arn == arn.lower():
                return kind, resource.name
        return kind, match["name"]
