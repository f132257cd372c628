"""Synthesised stacks as plain resources: references by type and name, texts put together, policies as their statements."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

NAMES = {
    "AWS::APS::RuleGroupsNamespace": "Name",
    "AWS::APS::Workspace": "Alias",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::Grafana::Workspace": "Name",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Logs::LogStream": "LogStreamName",
    "AWS::Logs::ResourcePolicy": "PolicyName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SageMaker::Endpoint": "EndpointName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::XRay::Group": "GroupName",
}
"""The property that names a resource; others have the name ""."""


@dataclass(frozen=True)
class Resource:
    """A resource of a template, with texts for references: `${TYPE:NAME.ATTRIBUTE}`."""

    kind: str
    name: str
    properties: Any


class Stacks:
    """The templates of an app. Args: each by its stack's name."""

    def __init__(self, templates: dict[str, Any]) -> None:
        self._templates = templates
        self.resources: list[Resource] = []
        for stack, template in templates.items():
            for logical, one in template["Resources"].items():
                properties = self._plain(stack, one.get("Properties", {}))
                self.resources.append(Resource(one["Type"], self._name(stack, logical), properties))

    def of(self, kind: str) -> list[Resource]:
        """Those of a type."""
        return [one for one in self.resources if one.kind == kind]

    def _name(self, stack: str, logical: str) -> str:
        one = self._templates[stack]["Resources"][logical]
        named = one.get("Properties", {}).get(NAMES.get(one["Type"], ""))
        return "" if named is None else str(self._plain(stack, named))

    def _plain(self, stack: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._plain(stack, one) for one in value]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Ref": str(name)}:
                return f"${{{name}}}" if name.startswith("AWS::") else self._reference(stack, name, "")
            case {"Fn::GetAtt": [name, attribute]}:
                return self._reference(stack, name, f".{attribute}")
            case {"Fn::Join": [separator, parts]} if len(value) == 1:
                return separator.join(str(self._plain(stack, part)) for part in parts)
            case {"Fn::ImportValue": str(exported)}:
                other, _, name = exported.partition(":")
                for output in self._templates[other]["Outputs"].values():
                    if output.get("Export", {}).get("Name") == exported:
                        return self._plain(other, output["Value"])
                raise AssertionError(f"{other} exports no {name}")
            case _:
                return {key: self._plain(stack, one) for key, one in value.items()}

    def _reference(self, stack: str, logical: str, attribute: str) -> str:
        template = self._templates[stack]
        if logical in template.get("Parameters", {}):
            return f"${{parameter {logical}}}"
        return f"${{{template['Resources'][logical]['Type']}:{self._name(stack, logical)}{attribute}}}"


def statements(document: Any) -> list[tuple[str, ...]]:
    """A policy as what it allows: a row for each principal with actions, resources and conditions."""
    if isinstance(document, str):
        document = json.loads(document)
    rows: list[tuple[str, ...]] = []
    for one in document["Statement"]:
        assert one["Effect"] == "Allow"
        principals = _listed(one.get("Principal", {}).get("Service"))
        condition = json.dumps(_sorted(one.get("Condition", {})), sort_keys=True)
        for principal in principals or [""]:
            actions, resources = _listed(one["Action"]), _listed(one.get("Resource"))
            rows.append((principal, " ".join(sorted(actions)), " ".join(sorted(resources)), condition))
    return sorted(rows)


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(one) for key, one in value.items()}
    if isinstance(value, list):
        return sorted(value) if len(value) > 1 else value[0]
    return value
