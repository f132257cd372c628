"""Texts of resources as CDK has them: what names another resource refers to it, and account and region are the stack's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from obsiverse.promote.as_code.cdk_python import Expression, source
from obsiverse.promote.as_code.naming import ACCOUNT, PARTITION, REGION, Mention, Mentions
from obsiverse.promote.kinds import ecr_repository, iam_role, s3_bucket, sns_topic
from obsiverse.promote.resource import Ref, Resource
from obsiverse.targets import Target

OWN = {ACCOUNT: "cdk.Aws.ACCOUNT_ID", REGION: "cdk.Aws.REGION", PARTITION: "cdk.Aws.PARTITION"}
"""What the stack knows of itself."""
MENTIONED = {
    (s3_bucket.NAME, "arn"): "attr_arn",
    (s3_bucket.NAME, "name"): "ref",
    (sns_topic.NAME, "arn"): "ref",
    (iam_role.NAME, "arn"): "attr_arn",
    (ecr_repository.NAME, "url"): "attr_repository_uri",
}
"""Attributes that a text mentions, as CDK's constructs call them."""
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
        self._mentions, self._names = Mentions(resources, target), Mentions({}, target)

    def name(self, text: str) -> str:
        """A resource's own name."""
        return self._filled(self._split(self._names, text))

    def expression(self, text: str) -> str:
        """A text, as itself or as what puts it together."""
        if "\n" not in text:
            return self._filled(self._split(self._mentions, text))
        put: dict[str, str] = {}
        written = ""
        for literal, code in self._split(self._mentions, text):
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

    def _split(self, mentions: Mentions, text: str) -> list[tuple[str, str | None]]:
        """Pieces of a text, each with the code that stands for it."""
        pieces = mentions.split(text) or [""]
        return [("", _code(one)) if isinstance(one, Mention) else (one, None) for one in pieces]

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


def _code(mention: Mention) -> str:
    if mention.of is None:
        return OWN[mention.attribute]
    return f"{variable(mention.of)}.{MENTIONED[mention.of.partition('/')[0], mention.attribute]}"


def _braces(text: str) -> str:
    """A text for inside of an f-string."""
    return repr(f'"{text}')[2:-1].replace('"', '\\"').replace("{", "{{").replace("}", "}}")
