"""Requests checked against the service model, with the messages of AWS's front end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import OperationModel

from obsiverse_aws.errors import ValidationException


def validate(operation: OperationModel, request: dict[str, Any]) -> None:
    """Check a request.

    Raises ValidationException naming every member that breaks a constraint.
    """
    found = problems(operation, request)
    if found:
        noun = "error" if len(found) == 1 else "errors"
        raise ValidationException(f"{len(found)} validation {noun} detected: {'; '.join(found)}")


def problems(operation: OperationModel, request: dict[str, Any]) -> list[str]:
    """What is wrong with a request, a sentence for each member that breaks a constraint."""
    return list(_check(operation.input_shape, request, ""))


# Shapes are Any: botocore computes their attributes in a way that no type checker follows.
def _check(shape: Any, value: Any, path: str) -> Iterator[str]:
    match shape.type_name:
        case "structure":
            yield from _structure(shape, value, path)
        case "list":
            yield from _length(shape, value, path)
            for number, one in enumerate(value, 1):
                yield from _check(shape.member, one, f"{path}.{number}.member")
        case "map":
            yield from _length(shape, value, path)
            for name, one in value.items():
                yield from _check(shape.key, name, f"{path}.key")
                yield from _check(shape.value, one, f"{path}.{name}.member")
        case "string":
            yield from _length(shape, value, path)
            yield from _text(shape, value, path)
        case "integer" | "long" | "float" | "double":
            yield from _bounds(shape, value, value, path, "value")


def _structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        where = f"{path}.{_lower(name)}" if path else _lower(name)
        if value.get(name) is not None:
            yield from _check(member, value[name], where)
        elif name in shape.required_members:
            yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _length(shape: Any, value: Any, path: str) -> Iterator[str]:
    yield from _bounds(shape, value, len(value), path, "length")


def _bounds(shape: Any, value: Any, measure: float, path: str, noun: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and measure < low:
        yield _problem(value, path, f"Member must have {noun} greater than or equal to {low}")
    if high is not None and measure > high:
        yield _problem(value, path, f"Member must have {noun} less than or equal to {high}")


def _text(shape: Any, value: str, path: str) -> Iterator[str]:
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not _compile(pattern).fullmatch(value):
        yield _problem(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    # This service model is older than its clients, who may ask for types of instances that it does not know.
    if shape.enum and value not in shape.enum and not shape.name.endswith("InstanceType"):
        yield _problem(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    # The model's patterns are Java's, and Python has no Unicode categories: the nearest classes let a little more pass.
    for category, near in ((r"\p{L}", r"\w"), (r"\p{Z}", r"\s"), (r"\p{N}", r"\d")):
        pattern = pattern.replace(category, near)
    try:
        return re.compile(pattern)
    except re.error:
        return re.compile(".*", re.DOTALL)


def _problem(value: Any, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"
