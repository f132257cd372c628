"""A target's file to a Target."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from obsiverse.compose.errors import ComposeError, Where
from obsiverse.compose.interpolate import Variables
from obsiverse.compose.source import Map, locate, read, transform
from obsiverse.targets.errors import TargetError
from obsiverse.targets.models import Target

FOLDER = Path(__file__).resolve().parents[3] / "targets"


def load_target(target: str | Path, environment: Mapping[str, str]) -> Target:
    """Read a target.

    Args:
        target: the name of one in targets/, or a path to a file (what has a / in it, or ends in .yaml or .yml).
        environment: what the variables in the file stand for; Compose's forms (`${NAME:-default}`).

    Raises:
        TargetError: there is none, or it is not one; every problem is named.
    """
    file = find_target(target)
    try:
        root = _expand(read(file), environment)
    except ComposeError as error:
        raise TargetError(str(error)) from None
    try:
        return Target.model_validate(root)
    except ValidationError as error:
        problems = [_explain(problem, root) for problem in error.errors()]
        raise TargetError("\n".join(problems)) from None


def find_target(target: str | Path) -> Path:
    """The file of a target, by its name or path. Raises TargetError."""
    if isinstance(target, Path) or "/" in target or target.endswith((".yaml", ".yml")):
        return Path(target)
    file = FOLDER / f"{target}.yaml"
    if file.is_file():
        return file
    known = sorted(one.stem for one in FOLDER.glob("*.yaml"))
    hint = f"Copy {FOLDER / 'aws.example.yaml'} to {file} and fill it in." if target == "aws" else ""
    raise TargetError(f"there is no target {target!r}; there are: {', '.join(known) or 'none'}. {hint}".strip())


def _expand(root: Map, environment: Mapping[str, str]) -> Map:
    variables = Variables(environment)

    def change(text: str, where: Where, key: str) -> str:
        value = variables.expand(text, where, key)
        if variables.warnings:
            raise ComposeError(
                f"{text!r} uses a variable that is not set; set it, or write a default as ${{NAME:-default}}",
                where,
                key,
            )
        return value

    return transform(root, change)


def _explain(problem: ErrorDetails, root: Map) -> str:
    path = problem["loc"]
    key = ".".join(str(step) for step in path)
    where = locate(root, path)
    match problem["type"]:
        case "extra_forbidden":
            message = f"is not known; known here: {', '.join(_fields(path[:-1]))}"
        case "missing":
            message = "is missing; add it (see targets/aws.example.yaml)"
        case "string_type":
            message = f"is no text; put {problem['input']!r} in quotes"
        case "string_pattern_mismatch":
            message = f"{problem['input']!r} does not match {problem.get('ctx', {}).get('pattern')}"
        case _:
            message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {key}: {message}" if key else f"{where}: {message}"


def _fields(path: tuple[str | int, ...]) -> list[str]:
    """The keys that a target has at a path."""
    model: Any = Target
    for step in path:
        annotation = model.model_fields[step].annotation
        model = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else Target
    return list(model.model_fields)
