"""What the forms of resources have in common: how others are referred to, what their blocks are called, and what is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from obsiverse.promote.as_code.terraform_hcl import Block, Expression
from obsiverse.promote.errors import PromoteError
from obsiverse.promote.kinds import grafana_workspace, sagemaker_endpoint_config, sagemaker_model
from obsiverse.promote.resource import Resource
from obsiverse.targets import Target

REFERRED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "amp-workspace": (
        "aws_prometheus_workspace",
        {
            "id": "{}.id",
            "arn": "{}.arn",
            "url": 'trimsuffix({}.prometheus_endpoint, "/")',
            "query": 'trimsuffix({}.prometheus_endpoint, "/")',
            "remote_write": '"${{{}.prometheus_endpoint}}api/v1/remote_write"',
        },
    ),
    "cloudwatch-alarm": ("aws_cloudwatch_metric_alarm", {"name": "{}.alarm_name"}),
    "ecr-repository": ("aws_ecr_repository", {"url": "{}.repository_url"}),
    "grafana-workspace": ("aws_grafana_workspace", {"id": "{}.id", "endpoint": "{}.endpoint"}),
    "iam-role": ("aws_iam_role", {"arn": "{}.arn"}),
    "s3-bucket": ("aws_s3_bucket", {"name": "{}.bucket", "arn": "{}.arn"}),
    "sagemaker-endpoint": ("aws_sagemaker_endpoint", {"name": "{}.name"}),
    "sagemaker-endpoint-config": ("aws_sagemaker_endpoint_configuration", {"name": "{}.name"}),
    "sagemaker-model": ("aws_sagemaker_model", {"name": "{}.name"}),
    "sns-topic": ("aws_sns_topic", {"arn": "{}.arn"}),
}
"""What others refer to: the type of the block, and attributes with its address in the place of `{}`."""
_DIGEST = re.compile(r"-[0-9a-f]{8}$")


@dataclass
class Context:
    """What forms know of the others.

    Attributes:
        resources: those that become blocks, by key.
        labels: the names of their blocks, by key.
        variables: what is asked of who applies, with what it is: forms add to it.
    """

    target: Target
    resources: Mapping[str, Resource]
    labels: Mapping[str, str]
    variables: dict[str, str] = field(default_factory=dict[str, str])

    def at(self, key: str, attribute: str) -> Expression:
        """An attribute of another resource. Raises PromoteError where Terraform does not have it."""
        kind = key.partition("/")[0]
        name, attributes = REFERRED.get(kind, ("", {}))
        if key not in self.labels or attribute not in attributes:
            raise PromoteError(f"Terraform's configuration has no {attribute} of {key}, which another resource needs")
        return Expression(attributes[attribute].format(f"{self.prefix(kind)}{name}.{self.labels[key]}"))

    def prefix(self, kind: str) -> str:
        """`data.` for what is there already: a workspace that the target's file names."""
        fixed = {"amp-workspace": self.target.workspaces.amp, grafana_workspace.NAME: self.target.workspaces.grafana}
        return "data." if fixed.get(kind) else ""

    def ask(self, name: str, what: str) -> Expression:
        """A variable without a default."""
        self.variables[name] = what
        return Expression(f"var.{name}")


Form = Callable[[Resource, str, Context], list[Block]]


def label_of(resource: Resource, target: Target) -> str:
    """What a resource is called inside of the configuration: without what differs between targets and between versions."""
    immutable = resource.kind in (sagemaker_model.NAME, sagemaker_endpoint_config.NAME)
    name = _DIGEST.sub("", resource.name) if immutable else resource.name
    name = name.replace(target.account, "").replace(target.region, "")
    words = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_")
    return words if words and not words[0].isdigit() else f"_{words}"


def resource_block(kind: str, label: str, *items: Any, note: str = "") -> Block:
    """A resource's block."""
    return Block(f'resource "{kind}" "{label}"', list(items), note)


def noted(missing: list[str]) -> str:
    """What to say above a block of members that it can't have."""
    return f"The provider has no argument for {', '.join(missing)}." if missing else ""
