"""The modules of infra/terraform as resources, without Terraform: their HCL is read, and what refers to something is followed.

It knows what the modules use: variables, locals, outputs, `for_each` over endpoints, groups and rules, and policy documents. A reference
to a resource becomes `${MODULE.TYPE.NAME.ATTRIBUTE}`; data sources are CloudFormation's pseudo parameters.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2

DATA = {
    "data.aws_caller_identity.current.account_id": "${AWS::AccountId}",
    "data.aws_partition.current.partition": "${AWS::Partition}",
    "data.aws_region.current.region": "${AWS::Region}",
}
_WHOLE = re.compile(r"^\$\{([^{}]+)\}$")
_PART = re.compile(r"\$\{([^{}]+)\}")
_POLICY = re.compile(r"^data\.aws_iam_policy_document\.(\w+)\.json$")
_DOCUMENT = "aws_iam_policy_document"
_TIMES = re.compile(r"^([\w.]+) \* (\d+)$")
_RESOURCE = re.compile(r"^(aws_\w+)\.(\w+)(?:\[[^\]]+\])?(?:\.(\w+))?$")


@dataclass(frozen=True)
class Found:
    """A resource: `properties` with values where they are known, and as they are written where not."""

    module: str
    kind: str
    name: str
    properties: dict[str, Any]


Each = tuple[str, Any] | None
"""What `each.key` and `each.value` are."""


class Modules:
    """The modules as the root module calls them.

    Args:
        folder: of the root module.
        variables: of the root module.
        each: by module and what `for_each` goes over, as it is written.
    """

    def __init__(self, folder: Path, variables: dict[str, Any], each: dict[tuple[str, str], Each]) -> None:
        self._calls = dict(_named(_read([folder / "main.tf"]), "module"))
        self._variables, self._each = variables, each
        self._modules = {one.name: _read(sorted(one.glob("*.tf"))) for one in (folder / "modules").iterdir()}

    def resources(self) -> list[Found]:
        """All of them; where there is `for_each`, the one of `each`."""
        return [
            Found(module, kind, name, self._value(module, block, self._each.get((module, block.get("for_each", "")))))
            for module, content in self._modules.items()
            for kind, name, block in _typed(content, "resource")
        ]

    def _value(self, module: str, value: Any, each: Each) -> Any:
        if isinstance(value, dict):
            found: dict[str, Any] = {}
            for key, one in value.items():
                if key == "dynamic":
                    for dynamic in one:
                        [(name, block)] = dynamic.items()
                        found[_unquoted(name)] = self._value(module, block["content"], each)
                elif key != "__is_block__":
                    found[_unquoted(key)] = self._value(module, one, each)
            return found
        if isinstance(value, list):
            return [self._value(module, one, each) for one in value]
        if not isinstance(value, str):
            return value
        if whole := _WHOLE.match(value):
            return self._expression(module, whole[1], each)
        return _PART.sub(lambda part: str(self._expression(module, part[1], each)), _unquoted(value))

    def _expression(self, module: str, text: str, each: Each) -> Any:
        if text in DATA:
            return DATA[text]
        if policy := _POLICY.match(text):
            return self._policy(module, policy[1])
        if resource := _RESOURCE.match(text):
            return f"${{{module}.{resource[1]}.{resource[2]}.{resource[3]}}}"
        if times := _TIMES.match(text):
            return self._expression(module, times[1], each) * int(times[2])
        first, *path = text.split(".")
        if first == "each" and each:
            return each[0] if path == ["key"] else _member(each[1], path[1:], text)
        if first == "var":
            return self._variable(module, path, each)
        if first == "local":
            for block in self._modules[module].get("locals", []):
                if path[0] in block:
                    return self._value(module, block[path[0]], each)
        return f"${{{text}}}"

    def _variable(self, module: str, path: list[str], each: Each) -> Any:
        given = _unquoted(str(self._calls[module].get(path[0], "")))
        if output := re.fullmatch(r"\$\{module\.(\w+)\.(\w+)\}", given):
            outputs = dict(_named(self._modules[output[1]], "output"))
            return self._value(output[1], outputs[output[2]]["value"], each)
        if variable := re.fullmatch(r"\$\{var\.(\w+)\}", given):
            return _member(self._variables[variable[1]], path[1:], given)
        return f"${{var.{'.'.join(path)}}}"

    def _policy(self, module: str, name: str) -> str:
        """A policy document, as JSON."""
        documents = {one: block for kind, one, block in _typed(self._modules[module], "data") if kind == _DOCUMENT}
        blocks: list[tuple[Any, Each]] = [(one, None) for one in documents[name].get("statement", [])]
        for dynamic in documents[name].get("dynamic", []):
            one = dynamic['"statement"']
            renamed = json.loads(json.dumps(one["content"]).replace("${statement.", "${each."))
            bound = [
                (_unquoted(key), _unquoted(value)) for key, value in one["for_each"].items() if key != "__is_block__"
            ]
            blocks += [(content, each) for each in bound for content in renamed]
        return json.dumps({"Statement": [_statement(self._value(module, block, each)) for block, each in blocks]})


def _statement(block: dict[str, Any]) -> dict[str, Any]:
    conditions: dict[str, dict[str, Any]] = {}
    for one in block.get("condition", []):
        conditions.setdefault(one["test"], {})[one["variable"]] = one["values"]
    names = [name for one in block.get("principals", []) for name in one["identifiers"]]
    return {
        "Effect": "Allow",
        "Action": block["actions"],
        "Condition": conditions,
        **({"Resource": block["resources"]} if "resources" in block else {}),
        **({"Principal": {"Service": names}} if names else {}),
    }


def _member(value: Any, path: list[str], text: str) -> Any:
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return f"${{{text}}}"
        value = value[name]
    return value


def _read(files: list[Path]) -> dict[str, list[Any]]:
    """Blocks by what they are."""
    content: dict[str, list[Any]] = {}
    for file in files:
        with file.open() as opened:
            for what, blocks in hcl2.load(opened).items():
                content.setdefault(what, []).extend(blocks if isinstance(blocks, list) else [])
    return content


def _named(content: dict[str, list[Any]], what: str) -> list[tuple[str, dict[str, Any]]]:
    return [(_unquoted(name), block) for one in content.get(what, []) for name, block in one.items()]


def _typed(content: dict[str, list[Any]], what: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [(kind, _unquoted(name), block) for kind, one in _named(content, what) for name, block in one.items()]


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text.startswith('"') and text.endswith('"') else text
