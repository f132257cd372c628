"""What the edge reads from its environment.

Plain os.environ: this is read before LocalStack is, and a settings library costs more memory than four strings are worth.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """The edge's settings.

    Attributes:
        listen: host:port of all AWS APIs.
        data: folder of everything that lasts.
        agent: address of the agent that runs tasks, `unix:///path`.
        endpoints: host:port of InvokeEndpoint's data plane.
        account, region: the stack's own, whose telemetry its collector takes; None where there is no stack.
        lasting: whether LocalStack's own services keep their state over a restart.
    """

    listen: str
    data: Path
    agent: str
    endpoints: str
    account: str | None
    region: str | None
    lasting: bool

    def is_collected(self, account: str, region: str) -> bool:
        """Whether the stack's collector is that account's; on AWS each has one of its own."""
        return self.account in (None, account) and self.region in (None, region)


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises SystemExit naming the variables that are missing.
    """
    missing = [name for name in ("AWS_DATA", "OBSIVERSE_AGENT", "ENDPOINTS_ADDR") if not os.environ.get(name)]
    if missing:
        raise SystemExit(
            f"the edge needs {', '.join(missing)} in its environment; services/aws/README.md says what they are"
        )
    return Settings(
        listen=os.environ.get("AWS_LISTEN", "127.0.0.1:4566"),
        data=Path(os.environ["AWS_DATA"]).resolve(),
        agent=os.environ["OBSIVERSE_AGENT"],
        endpoints=os.environ["ENDPOINTS_ADDR"],
        account=os.environ.get("OBSIVERSE_ACCOUNT"),
        region=os.environ.get("OBSIVERSE_REGION"),
        lasting=os.environ.get("AWS_LASTING", "1") != "0",
    )
