"""What LocalStack finds by entry points: Managed Prometheus, and what happens at its start."""

from __future__ import annotations

import os

from localstack.runtime import hooks
from localstack.services.plugins import Service, aws_provider


@aws_provider(api="amp")
def amp() -> Service:
    """Managed Prometheus; moto's throughout where there is no data plane."""
    if not os.environ.get("TELEMETRY_ADDR"):
        from obsiverse_aws.floor.plugins import moto_service

        return moto_service("amp")
    from obsiverse_aws.amp.provider import create_service
    from obsiverse_aws.amp.service import amp as parts

    return create_service(parts())


@hooks.on_infra_start()
def make_amp_ready() -> None:
    """Have an account's reset reach the workspaces."""
    if not os.environ.get("TELEMETRY_ADDR"):
        return
    from obsiverse_aws.state.reset import on_reset

    def forget(account: str) -> None:
        from obsiverse_aws.amp.service import amp as parts

        parts().forget(account)

    on_reset(forget)


@hooks.on_infra_ready()
def take_over_workspaces() -> None:
    """Take over the workspaces of an earlier edge."""
    if os.environ.get("TELEMETRY_ADDR"):
        from obsiverse_aws.amp.service import amp as parts

        parts().start()
