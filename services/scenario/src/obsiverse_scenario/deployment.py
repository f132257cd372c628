"""A model behind an endpoint: created, or replaced, and asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from obsiverse_scenario.account import Account
from obsiverse_scenario.errors import DeploymentFailed
from obsiverse_scenario.steps import wait_until

_TIMEOUT = 300
VARIANT = "AllTraffic"


class Endpoint:
    """One endpoint of the account, by name."""

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self._sagemaker = account.client("sagemaker")
        self._runtime = account.client("sagemaker-runtime")
        self.name = name

    def describe(self) -> dict[str, Any] | None:
        """DescribeEndpoint's answer, or None where there is no such endpoint."""
        try:
            return self._sagemaker.describe_endpoint(EndpointName=self.name)
        except ClientError as error:
            if "Could not find" in error.response["Error"]["Message"]:
                return None
            raise

    def tags(self) -> dict[str, str]:
        """The endpoint's tags; none where there is no such endpoint."""
        described = self.describe()
        if described is None:
            return {}
        listed = self._sagemaker.list_tags(ResourceArn=described["EndpointArn"])["Tags"]
        return {tag["Key"]: tag["Value"] for tag in listed}

    def tag(self, tags: Mapping[str, str]) -> None:
        """Add tags to the endpoint."""
        described = self._sagemaker.describe_endpoint(EndpointName=self.name)
        self._sagemaker.add_tags(
            ResourceArn=described["EndpointArn"], Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
        )

    def deploy(self, release: str, model_data: str, environment: Mapping[str, str]) -> None:
        """Create a model and an endpoint config named `release`, and create or update the endpoint with them.

        Raises TimedOut where an earlier change of the endpoint does not end.
        """
        self._sagemaker.create_model(
            ModelName=release,
            ExecutionRoleArn=self._account.role,
            PrimaryContainer={
                "Image": self._account.image,
                "ModelDataUrl": model_data,
                "Environment": dict(environment),
            },
        )
        self._sagemaker.create_endpoint_config(
            EndpointConfigName=release,
            ProductionVariants=[
                {
                    "VariantName": VARIANT,
                    "ModelName": release,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                    "InitialVariantWeight": 1.0,
                }
            ],
        )
        status = self._settled()
        if status == "Failed":
            self._sagemaker.delete_endpoint(EndpointName=self.name)
            wait_until(lambda: self.describe() is None or None, f"deletion of {self.name}", _TIMEOUT, "Try again.")
            status = None
        change = self._sagemaker.update_endpoint if status else self._sagemaker.create_endpoint
        change(EndpointName=self.name, EndpointConfigName=release)

    def wait_in_service(self) -> None:
        """Wait until the endpoint serves. Raises DeploymentFailed, TimedOut."""
        status = self._settled()
        if status != "InService":
            described = self.describe() or {}
            reason = described.get("FailureReason") or "no reason is given"
            raise DeploymentFailed(
                f"endpoint {self.name} is {status or 'gone'}: {reason}",
                f"See its log: group /aws/sagemaker/Endpoints/{self.name}",
            )

    def invoke(self, body: str, accept: str = "application/json") -> bytes:
        """InvokeEndpoint with CSV."""
        answer = self._runtime.invoke_endpoint(EndpointName=self.name, ContentType="text/csv", Accept=accept, Body=body)
        return answer["Body"].read()

    def _settled(self) -> str | None:
        """The endpoint's status once it is not changing; None where there is no such endpoint."""

        def status() -> str | None:
            described = self.describe()
            if described is None:
                return ""
            found = described["EndpointStatus"]
            return None if found.endswith("ing") else found

        return wait_until(status, f"endpoint {self.name}", _TIMEOUT, "See `obsiverse ps` and its task's log.") or None
