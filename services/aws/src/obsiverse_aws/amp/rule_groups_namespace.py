"""Rule groups namespaces: https://docs.aws.amazon.com/prometheus/latest/APIReference/API_CreateRuleGroupsNamespace.html."""

from __future__ import annotations

import re
from typing import Any

from obsiverse_aws.amp.errors import ValidationException
from obsiverse_aws.amp.listing import moment, page
from obsiverse_aws.amp.models import RuleGroupsNamespace
from obsiverse_aws.amp.resources import Caller, Resources, created, text_of

_NAME = re.compile(r"[0-9A-Za-z][-.0-9A-Z_a-z]*", re.ASCII)


class RuleGroupsNamespaces:
    """The operations on rule groups namespaces."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def create(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """CreateRuleGroupsNamespace."""
        if not _NAME.fullmatch(request["name"]):
            # The service model's pattern lets slashes pass, which would be other paths of the API.
            raise ValidationException(f"name must satisfy the pattern {_NAME.pattern}")
        workspace, name = _where(request)
        members = created(caller, name, workspace, text_of(request["data"]), request.get("tags", {}))
        return _answer(self._resources.create(RuleGroupsNamespace(**members)))

    def put(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """PutRuleGroupsNamespace."""
        data = text_of(request["data"])
        return _answer(self._resources.put(RuleGroupsNamespace, caller, data, *_where(request)))

    def describe(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeRuleGroupsNamespace."""
        namespace = self._resources.get(RuleGroupsNamespace, caller, *_where(request))
        return {"ruleGroupsNamespace": {**_summary(namespace), "data": namespace.data.encode()}}

    def list(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """ListRuleGroupsNamespaces."""
        workspace, prefix = request["workspaceId"], request.get("name", "")
        self._resources.workspace(caller, workspace)
        found = (
            one
            for one in self._resources.store.list(RuleGroupsNamespace, *caller)
            if one.workspace == workspace and one.namespace.startswith(prefix)
        )
        return page(found, request, _summary, "ruleGroupsNamespaces")

    def delete(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteRuleGroupsNamespace."""
        self._resources.delete(RuleGroupsNamespace, caller, *_where(request))
        return {}


def _where(request: dict[str, Any]) -> tuple[str, str]:
    return request["workspaceId"], f"{request['workspaceId']}/{request['name']}"


def _answer(one: RuleGroupsNamespace) -> dict[str, Any]:
    return {"name": one.namespace, "arn": one.arn, "status": one.status_document(), "tags": one.tags}


def _summary(one: RuleGroupsNamespace) -> dict[str, Any]:
    return {**_answer(one), "createdAt": moment(one.created), "modifiedAt": moment(one.modified)}
