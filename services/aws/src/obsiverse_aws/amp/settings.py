"""What Managed Prometheus reads from the edge's environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class AmpSettings:
    """Settings.

    Attributes:
        data: folder of the store.
        agent: address of the agent that runs workspaces.
        telemetry: host:port of the data plane.
        edge: host:port at which workspaces reach the edge's SNS.
        promtool, amtool: the programs that check rules and Alertmanager's configuration.
        account, region: whose the built-in workspace is.
        prometheus, alertmanager: host:port of the built-in workspace's; without the first there is no such workspace.
        rules: folder from which the built-in workspace's Prometheus reads rules.
    """

    data: Path
    agent: str
    telemetry: str
    edge: str
    promtool: str
    amtool: str
    account: str
    region: str
    prometheus: str | None
    alertmanager: str | None
    rules: Path | None

    @classmethod
    def read(cls, data: Path, agent: str, listen: str) -> Self:
        """Those of this process; `listen` is the edge's own host:port."""
        found = os.environ.get
        rules = found("AMP_RULES")
        return cls(
            data=data,
            agent=agent,
            telemetry=os.environ["TELEMETRY_ADDR"],
            edge=found("AWS_ADDR") or f"127.0.0.1:{listen.rpartition(':')[2]}",
            promtool=found("PROMTOOL") or "promtool",
            amtool=found("AMTOOL") or "amtool",
            account=found("OBSIVERSE_ACCOUNT") or "000000000000",
            region=found("OBSIVERSE_REGION") or "us-east-1",
            prometheus=found("PROMETHEUS_ADDR"),
            alertmanager=found("ALERTMANAGER_ADDR"),
            rules=Path(rules) if rules else None,
        )
