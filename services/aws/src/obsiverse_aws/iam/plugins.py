"""IAM as LocalStack finds it by entry points; PROVIDER_OVERRIDE_IAM chooses it."""

from __future__ import annotations

from localstack.services.plugins import Service, aws_provider


@aws_provider(api="iam", name="obsiverse")
def iam() -> Service:
    """LocalStack's IAM with our policy simulator."""
    from localstack.services.iam.provider import IamProvider
    from localstack.services.moto import MotoFallbackDispatcher

    from obsiverse_aws.iam.policy_simulator import PolicySimulator

    provider = IamProvider()
    provider.policy_simulator = PolicySimulator()
    return Service.for_provider(provider, dispatch_table_factory=MotoFallbackDispatcher)
