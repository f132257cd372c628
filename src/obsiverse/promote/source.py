"""Where what is desired comes from: the checkout's files and this machine's account, which is only read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock
from typing import Any, cast

from obsiverse.promote.digests import Digests
from obsiverse.promote.errors import PromoteError
from obsiverse.promote.place import Place, partition
from obsiverse.targets import Target
from obsiverse.targets.models import Promotion

_ARN = re.compile(r"^arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):([0-9]{12}|):(.+)$", re.DOTALL)
_REGISTRY = re.compile(r"^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/")


class Source:
    """What a promotion brings.

    Args:
        root: the checkout.
        target: where it goes.
        local: this machine's account.
        here: folder of the target's file, where files for a host go.
    """

    def __init__(self, root: Path, target: Target, local: Place, here: Path) -> None:
        self.root = root
        self.target = target
        self.local = local
        self.here = here
        self.digests = Digests(here / ".digests.json")
        self._lock = Lock()
        self._endpoints: list[dict[str, Any]] | None = None

    @property
    def promotion(self) -> Promotion:
        """The target's `promote`."""
        return self.target.promote or Promotion()

    def arn(self, service: str, resource: str) -> str:
        """An ARN of the target's account and region."""
        target = self.target
        return f"arn:{partition(target.region)}:{service}:{target.region}:{target.account}:{resource}"

    def chosen(self, names: Sequence[str], patterns: Sequence[str]) -> list[str]:
        """The names that a pattern matches. Raises PromoteError for a pattern without `*` or `?` that names nothing."""
        for pattern in patterns:
            if pattern not in names and not set(pattern) & set("*?["):
                raise PromoteError(
                    f"promote: there is no {pattern} on this machine", f"There are: {', '.join(names) or 'none'}."
                )
        return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]

    def retargeted(self, value: Any) -> Any:
        """The same with this machine's account, region, bucket, images and addresses replaced by the target's."""
        if isinstance(value, dict):
            return {key: self.retargeted(one) for key, one in cast(dict[str, Any], value).items()}
        if isinstance(value, list):
            return [self.retargeted(one) for one in cast(list[Any], value)]
        return self._moved(value) if isinstance(value, str) else value

    @property
    def endpoints(self) -> list[dict[str, Any]]:
        """This machine's endpoints that are promoted: DescribeEndpoint's answers, each with its `Config` and `Models`."""
        # Kinds ask side by side.
        with self._lock:
            if self._endpoints is None:
                self._endpoints = self._read_endpoints() if self.promotion.endpoints else []
            return self._endpoints

    def _read_endpoints(self) -> list[dict[str, Any]]:
        sagemaker = self.local.client("sagemaker")
        listed = [one["EndpointName"] for one in pages(sagemaker, "list_endpoints", "Endpoints")]
        return [self._endpoint(name) for name in self.chosen(listed, self.promotion.endpoints)]

    def _endpoint(self, name: str) -> dict[str, Any]:
        sagemaker = self.local.client("sagemaker")
        described: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
        if described["EndpointStatus"] != "InService":
            raise PromoteError(
                f"endpoint {name} is {described['EndpointStatus']} on this machine",
                "Promote what works: wait for it, or leave it out in promote.endpoints of the target's file.",
            )
        config = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
        variants = [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]
        models = {
            one["ModelName"]: sagemaker.describe_model(ModelName=one["ModelName"])
            for one in variants
            if "ModelName" in one
        }
        return {**described, "Config": config, "Models": models}

    def _moved(self, value: str) -> str:
        local, target = self.local.target, self.target
        addresses = {
            local.otlp: target.otlp,
            local.mlflow: target.mlflow,
            local.images.model: target.images.model,
            local.roles.sagemaker: target.roles.sagemaker,
            local.bucket: target.bucket,
        }
        if value in addresses:
            return addresses[value]
        if value.startswith(f"s3://{local.bucket}/"):
            return f"s3://{target.bucket}/{value.removeprefix(f's3://{local.bucket}/')}"
        if _REGISTRY.match(value):
            image = _REGISTRY.sub("", value)
            ours = image.partition(":")[0] == local.images.model.partition(":")[0]
            return target.images.model if ours else f"{target.images.registry}/{image}"
        arn = _ARN.match(value)
        if arn and arn[3] == local.account:
            region = target.region if arn[2] == local.region else arn[2]
            return f"arn:{partition(target.region)}:{arn[1]}:{region}:{target.account}:{arn[4]}"
        return value


def pages(client: Any, operation: str, member: str, **arguments: Any) -> Iterator[Any]:
    """What a list operation lists, over all its pages."""
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(member, [])
