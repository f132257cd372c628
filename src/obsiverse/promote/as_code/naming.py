"""What texts mention: a target's account and region, and resources that have an address of their own in other tools' languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from obsiverse.promote.kinds import ecr_repository, iam_role, s3_bucket, sns_topic
from obsiverse.promote.place import partition
from obsiverse.promote.resource import Resource
from obsiverse.targets import Target

ACCOUNT, REGION, PARTITION = "account", "region", "partition"


def promotion_name(target: Target) -> str:
    """What a promotion to a target is called: the value of its tag."""
    return target.promote.name if target.promote else target.name


@dataclass(frozen=True)
class Mention:
    """An attribute of a resource, or of the target itself.

    Attributes:
        of: the resource's key; None for the target.
        attribute: `name`, `arn` or `url`; of a target ACCOUNT, REGION or PARTITION.
    """

    of: str | None
    attribute: str


class Mentions:
    """Where texts mention a target and what is made there.

    Args:
        resources: by key; what is not among them is mentioned by nothing.
        target: whose account and region it is.
    """

    def __init__(self, resources: Mapping[str, Resource], target: Target) -> None:
        self._found: list[Mention] = []
        patterns: list[str] = []
        prefix, account, region = f"arn:{partition(target.region)}", target.account, target.region
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        # Longer names first: one may be the beginning of another.
        for resource in sorted(resources.values(), key=lambda one: -len(one.name)):
            name = re.escape(resource.name)
            match resource.kind:
                case s3_bucket.NAME:
                    known = {"arn": rf"{prefix}:s3:::{name}(?![\w.-])", "name": rf"(?<=s3://){name}(?![\w.-])"}
                case sns_topic.NAME:
                    known = {"arn": rf"{prefix}:sns:{region}:{account}:{name}(?![\w-])"}
                case iam_role.NAME:
                    known = {"arn": rf"{prefix}:iam::{account}:role/{name}(?![\w+=,.@/-])"}
                case ecr_repository.NAME:
                    known = {"url": rf"{account}\.dkr\.ecr\.{region}\.{re.escape(domain)}/{name}(?![\w./-])"}
                case _:
                    known = {}
            for attribute, pattern in known.items():
                self._found.append(Mention(resource.key, attribute))
                patterns.append(pattern)
        for attribute, pattern in (
            (PARTITION, rf"(?<=\barn:){partition(region)}(?=:)"),
            (ACCOUNT, rf"(?<![0-9]){account}(?![0-9])"),
            (REGION, rf"(?<![a-z0-9]){re.escape(region)}(?![a-z0-9])"),
        ):
            self._found.append(Mention(None, attribute))
            patterns.append(pattern)
        self._pattern = re.compile("|".join(f"({pattern})" for pattern in patterns))

    def split(self, text: str) -> list[str | Mention]:
        """A text in its pieces, those that are Mentions put in; none is empty."""
        pieces: list[str | Mention] = []
        end = 0
        for found in self._pattern.finditer(text):
            pieces += [text[end : found.start()], self._found[(found.lastindex or 1) - 1]]
            end = found.end()
        return [piece for piece in (*pieces, text[end:]) if piece != ""]
