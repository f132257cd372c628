"""What a target should have, as a document: for review, and for writers of other tools' formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from obsiverse.promote.as_code.cdk import write_cdk
from obsiverse.promote.as_code.terraform import write_terraform
from obsiverse.promote.errors import PromoteError
from obsiverse.promote.kind import Kind
from obsiverse.promote.redaction import redacted
from obsiverse.promote.resource import Ref, Resource
from obsiverse.targets import Target

FORMAT = 1
VERIFY = (
    "aps:QueryMetrics", "aps:RemoteWrite", "cloudwatch:SetAlarmState", "logs:FilterLogEvents", "sagemaker:InvokeEndpoint",
    "sqs:CreateQueue", "sqs:DeleteQueue", "sqs:ReceiveMessage", "sqs:SetQueueAttributes", "xray:PutTraceSegments",
)  # fmt: skip
"""What `verify` does beyond."""
Writer = Callable[[Mapping[str, Resource], Mapping[str, Kind], Target], str]


def write_policy(resources: Mapping[str, Resource], kinds: Mapping[str, Kind], target: Target) -> str:
    """The IAM policy of who promotes: what the kinds of a plan, and `verify`, call; nothing else."""
    used = sorted({resource.kind for resource in resources.values()})
    statements = [
        {
            "Sid": "".join(part.title() for part in name.split("-")),
            "Effect": "Allow",
            "Action": actions,
            "Resource": "*",
        }
        for name, actions in [*((name, sorted(kinds[name].actions)) for name in used), ("verify", list(VERIFY))]
        if actions
    ]
    statements.append({"Sid": "Identity", "Effect": "Allow", "Action": ["sts:GetCallerIdentity"], "Resource": "*"})
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2) + "\n"


def write_json(resources: Mapping[str, Resource], kinds: Mapping[str, Kind], target: Target) -> str:
    """Resources with what each needs; a reference is `{"ref": KEY, "attribute": NAME, "text": "…{}…"}`."""
    document = {
        "format": FORMAT,
        "resources": [
            {
                "key": resource.key,
                "kind": resource.kind,
                "name": resource.name,
                "needs": sorted(resource.needs),
                "properties": redacted(_with_references(resource.properties)),
            }
            for resource in resources.values()
        ],
    }
    return json.dumps(document, indent=2) + "\n"


WRITERS: dict[str, Writer] = {
    "cdk": write_cdk,
    "json": write_json,
    "policy": write_policy,
    "terraform": write_terraform,
}
"""By the name of the format; another one joins by standing here."""


def export(resources: Mapping[str, Resource], kinds: Mapping[str, Kind], target: Target, form: str) -> str:
    """Resources in a format. Raises PromoteError for one that nobody writes."""
    if form not in WRITERS:
        raise PromoteError(f"there is no export to {form}", f"There are: {', '.join(WRITERS)}.")
    return WRITERS[form](resources, kinds, target)


def _with_references(value: Any) -> Any:
    if isinstance(value, Ref):
        return {"ref": value.of, "attribute": value.attribute, "text": value.text}
    if isinstance(value, dict):
        return {key: _with_references(one) for key, one in cast(dict[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_with_references(one) for one in cast(list[Any], value)]
    return value
