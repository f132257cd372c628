"""A target's addresses: what a service needs to know of where it runs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_ACCOUNT = "000000000000"


class TargetError(Exception):
    """A variable that names a part of the target is missing.

    Attributes:
        variables: those missing.
    """

    def __init__(self, variables: tuple[str, ...]) -> None:
        super().__init__(
            f"not set: {', '.join(variables)}. "
            'A service of the stack has them from it; in a shell, run `eval "$(.venv/bin/obsiverse env)"`.'
        )
        self.variables = variables


@dataclass(frozen=True)
class Target:
    """Where things are.

    Attributes:
        aws: URL of the AWS APIs.
        sagemaker_runtime: URL of the endpoints' data plane.
        mlflow: URL of MLflow.
        otlp: URL that takes OTLP over HTTP.
        region: such as `us-east-1`.
        account: twelve digits.
    """

    aws: str
    sagemaker_runtime: str
    mlflow: str
    otlp: str
    region: str
    account: str

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Target:
        """The target that the environment names; docs/design.md, "Environment that services read".

        The account is the access key where that is twelve digits, else the default one.

        Args:
            environment: the process's own where not given.

        Raises:
            TargetError: naming the variables that are not set.
        """
        given = os.environ if environment is None else environment
        missing: list[str] = []

        def read(*names: str) -> str:
            for name in names:
                if given.get(name):
                    return given[name]
            missing.append(" or ".join(names))
            return ""

        key = given.get("AWS_ACCESS_KEY_ID", "")
        target = cls(
            aws=read("AWS_ENDPOINT_URL"),
            sagemaker_runtime=read("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"),
            mlflow=read("MLFLOW_TRACKING_URI"),
            otlp=read("OTEL_EXPORTER_OTLP_ENDPOINT"),
            region=read("AWS_REGION", "AWS_DEFAULT_REGION"),
            account=key if re.fullmatch(r"[0-9]{12}", key) else DEFAULT_ACCOUNT,
        )
        if missing:
            raise TargetError(tuple(missing))
        return target
