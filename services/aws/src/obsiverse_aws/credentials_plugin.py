"""What LocalStack finds by entry points for credentials: STS, and the route that tells them to the data plane."""

from __future__ import annotations

from typing import Any

from localstack.runtime import hooks
from localstack.services.plugins import Service, aws_provider

PATH = "/_obsiverse/credentials/<access_key>"


@aws_provider(api="sts", name="obsiverse")
def sts() -> Service:
    """STS."""
    from obsiverse_aws.sts.provider import create_service

    return create_service()


@hooks.on_infra_start()
def serve_credentials() -> None:
    """Answer the data plane's question for a key's secret."""
    from localstack.services.edge import ROUTER

    def answer(request: Any, access_key: str) -> Any:
        # moto's IAM takes long to import, and most stacks never ask.
        from obsiverse_aws.credentials import answer

        return answer(request, access_key)

    ROUTER.add(PATH, answer, methods=["GET"])
