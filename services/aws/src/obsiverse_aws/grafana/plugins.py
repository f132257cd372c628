"""What LocalStack finds by entry points: Managed Grafana, and what happens at its start."""

from __future__ import annotations

import os

from localstack.runtime import hooks
from localstack.services.plugins import Service, aws_provider


@aws_provider(api="grafana")
def grafana() -> Service:
    """Managed Grafana; moto has none to stand in where the stack has no Grafana."""
    if not os.environ.get("GRAFANA_ADDR"):
        from obsiverse_aws.grafana.provider import create_absent_service

        return create_absent_service()
    from obsiverse_aws.grafana.provider import create_service
    from obsiverse_aws.grafana.service import managed_grafana

    return create_service(managed_grafana())


@hooks.on_infra_start()
def make_grafana_ready() -> None:
    """Have an account's reset reach the workspaces."""
    if not os.environ.get("GRAFANA_ADDR"):
        return
    from obsiverse_aws.state.reset import on_reset

    def forget(account: str) -> None:
        from obsiverse_aws.grafana.service import managed_grafana

        managed_grafana().forget(account)

    on_reset(forget)


@hooks.on_infra_ready()
def take_over_grafana_workspaces() -> None:
    """Take over the workspaces of an earlier edge."""
    if os.environ.get("GRAFANA_ADDR"):
        from obsiverse_aws.grafana.service import managed_grafana

        managed_grafana().start()
