"""The least that an operation's request may hold, made from the service model."""

from __future__ import annotations

import re
from typing import Any

from botocore.model import OperationModel

ACCOUNT = "000000000000"
ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:experiment/name"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/name"
# Tried in turn against what the model says of a string; the first is a name that every created thing then has.
CANDIDATES = (
    "name",
    "names",
    ARN,
    ROLE,
    f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/name",
    "https://example.com/name",
    "s3://bucket/name",
    f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/name:latest",
    ACCOUNT,
    "1",
    "a" * 36,
    "d-abcdefghijkl",
    "2026-01-01T00:00:00Z",
    f"sha256:{'0' * 64}",
)


def minimal(operation: OperationModel) -> dict[str, Any]:
    """A request with the members that the operation requires, and no others."""
    return _value(operation.input_shape, "") if operation.input_shape is not None else {}


def _value(shape: Any, name: str) -> Any:
    match shape.type_name:
        case "structure":
            members = {one: _value(shape.members[one], one) for one in shape.required_members}
            if shape.metadata.get("union"):
                first = next(iter(shape.members))
                return {first: _value(shape.members[first], first)}
            return members
        case "list":
            return [_value(shape.member, name)] * max(shape.metadata.get("min", 0), 1)
        case "map":
            return {_value(shape.key, name): _value(shape.value, name)}
        case "string":
            return _text(shape, name)
        case "integer" | "long":
            return max(shape.metadata.get("min", 1), min(1, shape.metadata.get("max", 1)))
        case "float" | "double":
            return float(shape.metadata.get("min", 1))
        case "boolean":
            return True
        case "timestamp":
            return 1_767_225_600
        case "blob":
            return b"{}"
        case other:
            raise AssertionError(f"no value for a {other}")


def _text(shape: Any, name: str) -> str:
    if shape.enum:
        return shape.enum[0]
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 1 << 20)
    pattern = shape.metadata.get("pattern", ".*")
    wanted = [ROLE] if "role" in name.lower() else [ARN] if name.lower().endswith("arn") else []
    for candidate in (*wanted, *CANDIDATES, *_arns(pattern)):
        if low <= len(candidate) <= high and _matches(pattern, candidate):
            return candidate
    return "a" * max(low, 1)


def _arns(pattern: str) -> list[str]:
    """ARNs of the types that a pattern speaks of."""
    types = re.findall(r"[a-z-]{3,}", pattern.replace("\\-", "-"))
    names = ("name", "aaaaaaaaaaaa", "app-ABCDEFGHIJKL")
    return [f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:{one}/{name}" for one in types for name in names] + [
        f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:pipeline/name/execution/aaaaaaaaaaaa"
    ]


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True
