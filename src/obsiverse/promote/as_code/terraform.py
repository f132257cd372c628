"""What a target should have as a configuration of Terraform: one file, to be applied by itself.

https://developer.hashicorp.com/terraform/language
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from obsiverse.promote.as_code.naming import ACCOUNT, PARTITION, REGION, Mention, Mentions, promotion_name
from obsiverse.promote.as_code.terraform_context import Context, label_of
from obsiverse.promote.as_code.terraform_hcl import Block, Document, Expression, Json, Template, comment, render
from obsiverse.promote.as_code.terraform_resources import ABSENT, FORMS
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import amp_workspace
from obsiverse.promote.redaction import redacted
from obsiverse.promote.resource import Ref, Resource
from obsiverse.targets import Target

VERSION, PROVIDER = ">= 1.5", "~> 6.46"
"""Of Terraform; and of the AWS provider: X-Ray's destination of segments and indexing rules are in none before."""
_OF_TARGET = {
    ACCOUNT: ("aws_caller_identity", "account_id"),
    REGION: ("aws_region", "region"),
    PARTITION: ("aws_partition", "partition"),
}
"""Where Terraform knows it from."""
_ADDRESS = re.compile(r"\b(?:data\.)?aws_\w+\.\w+")
_LABELS = re.compile(r'"([^"]+)" "([^"]+)"')


def write_terraform(resources: Mapping[str, Resource], kinds: Mapping[str, Kind], target: Target) -> str:
    """The configuration, in the shape of `terraform fmt`. What Terraform can't make is listed at its end."""
    made = {key: one for key, one in resources.items() if one.kind in FORMS}
    context = Context(target, made, _labels(made, target))
    values = _Values(context, Mentions(made, target))
    blocks = {key: FORMS[one.kind](one, context.labels[key], context) for key, one in made.items()}
    for of_one in blocks.values():
        for block in of_one:
            values.put_in(block)
    for key, of_one in blocks.items():
        _order(of_one, [_address(blocks[need][-1]) for need in sorted(made[key].needs & made.keys())])
    workspaces = [one for one in made.values() if one.kind == amp_workspace.NAME]
    outputs = [_collector(context.at(one.key, "remote_write")) for one in workspaces]
    asked = [_variable(name, what) for name, what in context.variables.items()]
    written = [*_settings(target), *asked, *(block for of_one in blocks.values() for block in of_one), *outputs]
    left = _left(resources)
    return "\n\n".join([_TITLE.format(name=target.name), *map(render, written), *([left] if left else [])]) + "\n"


_TITLE = """\
# What `obsiverse promote apply --target {name}` makes, written by `obsiverse promote export terraform`: change the definitions, and write
# it again. What is there already is taken over by `terraform import`."""


class _Values:
    """Texts as Terraform has them: what they mention is referred to, and secrets are asked for."""

    def __init__(self, context: Context, mentions: Mentions) -> None:
        self._context = context
        self._mentions = mentions

    def put_in(self, block: Block, path: str = "") -> None:
        """Bring a block's values to their form."""
        label = path or "_".join(label for _, label in _LABELS.findall(block.head))
        for index, item in enumerate(block.items):
            if isinstance(item, Block):
                self.put_in(item, label)
            else:
                block.items[index] = (item[0], self._value(item[1], item[0], label))

    def _value(self, value: Any, name: str, path: str) -> Any:
        match value:
            case Expression() | Template():
                return value
            case Ref():
                return self._reference(value)
            case Json():
                return Json(self._value(value.value, name, path))
            case Document():
                return Document(self._value(value.text, name, path))
            case dict():
                members = cast("dict[str, Any]", value)
                return {key: self._value(one, key, f"{path}_{name}") for key, one in members.items()}
            case list():
                return [self._value(one, name, path) for one in cast("list[Any]", value)]
            case str() if value != redacted(value, name):
                asked = re.sub(r"\W+", "_", f"{path}_{name}").lower()
                return self._context.ask(asked, "A secret, which this file does not have.")
            case str():
                return self._text(value)
            case _:
                return value

    def _reference(self, ref: Ref) -> Any:
        expression = self._context.at(ref.of, ref.attribute)
        before, _, after = ref.text.partition("{}")
        return _joined([before, expression, after])

    def _text(self, text: str) -> Any:
        return _joined([self._mention(one) if isinstance(one, Mention) else one for one in self._mentions.split(text)])

    def _mention(self, mention: Mention) -> Expression:
        if mention.of is None:
            return Expression(f"local.{mention.attribute}")
        return self._context.at(mention.of, mention.attribute)


def _joined(parts: list[str | Expression]) -> str | Expression | Template:
    """Texts and expressions as the least that holds them."""
    full = [one for one in parts if one != ""]
    if len(full) == 1:
        return full[0]
    return Template(tuple(full)) if full else ""


def _labels(resources: Mapping[str, Resource], target: Target) -> dict[str, str]:
    """For each key a name that no other block of its type has."""
    found: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    for key, resource in resources.items():
        label = base = label_of(resource, target)
        number = 1
        while (resource.kind, label) in taken:
            number += 1
            label = f"{base}_{number}"
        taken.add((resource.kind, label))
        found[key] = label
    return found


def _order(blocks: list[Block], needs: list[str]) -> None:
    """Have a resource's first block wait for what it needs and does not refer to."""
    told = {address for block in blocks for address in _ADDRESS.findall(render(block))}
    waits = [Expression(one) for one in needs if one not in told]
    if waits and not blocks[0].head.startswith("data "):
        blocks[0].items.append(("depends_on", waits))


def _address(block: Block) -> str:
    [(kind, label)] = _LABELS.findall(block.head)
    return f"data.{kind}.{label}" if block.head.startswith("data ") else f"{kind}.{label}"


def _settings(target: Target) -> Iterator[Block]:
    provider = Block("required_providers", [("aws", {"source": "hashicorp/aws", "version": PROVIDER})])
    yield Block("terraform", [("required_version", VERSION), provider])
    yield Block(
        'variable "account"',
        [("type", Expression("string")), ("default", target.account)],
        "The account that this is for: in another one Terraform stops before it does anything.",
    )
    name = promotion_name(target)
    yield Block(
        'provider "aws"',
        [
            ("region", target.region),
            ("allowed_account_ids", [Expression("var.account")]),
            Block("default_tags", [("tags", {"obsiverse:promoted": name})], "By it promotion knows its own."),
        ],
    )
    for kind, _ in _OF_TARGET.values():
        yield Block(f'data "{kind}" "current"')
    known = [(name, Expression(f"data.{kind}.current.{told}")) for name, (kind, told) in _OF_TARGET.items()]
    yield Block("locals", [*known])


def _variable(name: str, what: str) -> Block:
    items: list[tuple[str, Any]] = [("description", what), ("type", Expression("string"))]
    if name != "artifacts":
        items.append(("sensitive", True))
    return Block(f'variable "{name}"', [*items])


def _collector(remote_write: Expression) -> Block:
    value = {"AWS_REGION": Expression(f"local.{REGION}"), "AMP_REMOTE_WRITE_URL": remote_write}
    return Block('output "collector_environment"', [("value", value)], "For otel-collector/config.yaml.")


def _left(resources: Mapping[str, Resource]) -> str:
    """Comments that name what is not in the configuration, and why."""
    lines = [
        f"{key}: {ABSENT.get(one.kind, f'no form of {one.kind} in Terraform is written')}"
        for key, one in resources.items()
        if one.kind not in FORMS
    ]
    if not lines:
        return ""
    text = [
        "Not here. `obsiverse promote apply` keeps what Terraform made, and makes these:",
        *(f"- {one}" for one in lines),
    ]
    return "\n".join(comment("\n".join(text)))
