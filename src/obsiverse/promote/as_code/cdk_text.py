"""Texts of resources as CDK has them: what names another resource refers to it, and account and region are the stack's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from obsiverse.promote.as_code.cdk_python import Expression, source
from obsiverse.promote.kinds import ecr_repository, iam_role, s3_bucket, sns_topic
from obsiverse.promote.place import partition
from obsiverse.promote.resource import Ref, Resource
from obsiverse.targets import Target

ACCOUNT, REGION, PARTITION = "cdk.Aws.ACCOUNT_ID", "cdk.Aws.REGION", "cdk.Aws.PARTITION"
ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "amp-workspace": {"id": "attr_workspace_id", "arn": "attr_arn"},
    "grafana-workspace": {"id": "attr_id", "endpoint": "attr_endpoint"},
    "iam-role": {"arn": "attr_arn"},
    "sns-topic": {"arn": "ref"},
}
"""Attributes that a Ref names, as CDK's constructs call them."""


class NotWritten(Exception):
    """A resource can't be in the app: its message says why."""


class Texts:
    """What texts become.

    Args:
        resources: those that the app makes, by key.
        target: whose account and region texts name.
        given: attributes of what is there already, by key.
    """

    def __init__(
        self, resources: Mapping[str, Resource], target: Target, given: Mapping[str, Mapping[str, str]]
    ) -> None:
        self._resources = resources
        self._given = given
        known = sorted(_known(resources, target), key=lambda one: len(one[0]), reverse=True)
        own = [(target.account, ACCOUNT), (target.region, REGION)]
        self._codes = dict(known + own)
        # The partition is one only where an ARN has it.
        arn = rf"(?<=\barn:){partition(target.region)}(?=:)"
        self._codes[partition(target.region)] = PARTITION
        self._names = re.compile("|".join(_bounded(literal) for literal, _ in own))
        self._pattern = re.compile("|".join([*(_bounded(literal) for literal, _ in known + own), arn]))

    def name(self, text: str) -> str:
        """A resource's own name."""
        return self._filled(self._split(self._names, text))

    def expression(self, text: str) -> str:
        """A text, as itself or as what puts it together."""
        if "\n" not in text:
            return self._filled(self._split(self._pattern, text))
        put: dict[str, str] = {}
        written = ""
        for literal, code in self._split(self._pattern, text):
            word = f"<{code}>" if code else literal
            written += word
            if code:
                put[word] = code
        replaced = "".join(f".replace({source(word)}, {code})" for word, code in put.items())
        return Expression(source(written) + replaced) if put else text

    def reference(self, ref: Ref) -> str:
        """What a Ref points to. Raises NotWritten."""
        if (value := self._given.get(ref.of, {}).get(ref.attribute)) is not None:
            return self.expression(ref.text.replace("{}", value))
        kind = ref.of.partition("/")[0]
        attribute = ATTRIBUTES.get(kind, {}).get(ref.attribute)
        if attribute is None or ref.of not in self._resources:
            raise NotWritten(f"it needs {ref.of}, which is not here")
        code = f"{variable(ref.of)}.{attribute}"
        if ref.text == "{}":
            return Expression(code)
        before, _, after = ref.text.partition("{}")
        return Expression(f'f"{_braces(before)}{{{code}}}{_braces(after)}"')

    def _split(self, pattern: re.Pattern[str], text: str) -> list[tuple[str, str | None]]:
        """Pieces of a text, each with the code that stands for it."""
        parts: list[tuple[str, str | None]] = []
        end = 0
        for found in pattern.finditer(text):
            if found.start() > end:
                parts.append((text[end : found.start()], None))
            parts.append((found[0], self._codes[found[0]]))
            end = found.end()
        return [*parts, (text[end:], None)] if end < len(text) or not parts else parts

    def _filled(self, parts: list[tuple[str, str | None]]) -> str:
        if all(code is None for _, code in parts):
            return "".join(literal for literal, _ in parts)
        if len(parts) == 1:
            return Expression(parts[0][1])
        shown = "".join(f"{{{code}}}" if code else _braces(literal) for literal, code in parts)
        return Expression(f'f"{shown}"')


def variable(key: str) -> str:
    """The name of a resource's construct in the app."""
    # There is one, and its name has account and region in it.
    if key.startswith(f"{s3_bucket.NAME}/"):
        return "bucket"
    return re.sub(r"\W+", "_", key, flags=re.ASCII).strip("_").lower()


def _known(resources: Mapping[str, Resource], target: Target) -> list[tuple[str, str]]:
    """Texts that name a resource, and what its construct has for it."""
    arn, account, region = f"arn:{partition(target.region)}", target.account, target.region
    found: list[tuple[str, str]] = []
    for resource in resources.values():
        name = variable(resource.key)
        match resource.kind:
            case s3_bucket.NAME:
                found.append((resource.name, f"{name}.ref"))
                found.append((f"{arn}:s3:::{resource.name}", f"{name}.attr_arn"))
            case sns_topic.NAME:
                found.append((f"{arn}:sns:{region}:{account}:{resource.name}", f"{name}.ref"))
            case iam_role.NAME:
                found.append((f"{arn}:iam::{account}:role/{resource.name}", f"{name}.attr_arn"))
            case ecr_repository.NAME:
                uri = f"{account}.dkr.ecr.{region}.amazonaws.com/{resource.name}"
                found.append((uri, f"{name}.attr_repository_uri"))
            case _:
                pass
    return found


def _bounded(literal: str) -> str:
    """A pattern of a text that is no part of a longer name."""
    if literal.isdecimal():
        return rf"(?<![0-9]){literal}(?![0-9])"
    # Names of buckets and others end in a region, after a hyphen; a name with slashes may go on after one.
    longer = r"(?![\w/-])" if "/" in literal and not literal.startswith("arn:") else r"(?![\w-])"
    return rf"(?<![a-z0-9.]){re.escape(literal)}{longer}"


def _braces(text: str) -> str:
    """A text for inside of an f-string."""
    return repr(f'"{text}')[2:-1].replace('"', '\\"').replace("{", "{{").replace("}", "}}")
