"""What Managed Grafana reads from the edge's environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class GrafanaSettings:
    """Settings.

    Attributes:
        data: folder of the store.
        address: host:port at which the edge reaches Grafana or Lookout.
        endpoint: host:port that workspaces are said to have, for browsers and clients outside the stack's network.
        password_file: holds the password of its user `admin`; may come later than the edge.
        account, region: whose the built-in workspace is.
    """

    data: Path
    address: str
    endpoint: str
    password_file: Path
    account: str
    region: str

    @classmethod
    def read(cls, data: Path) -> Self:
        """Those of this process; raises KeyError where there is no GRAFANA_ADDR."""
        found = os.environ.get
        return cls(
            data=data,
            address=os.environ["GRAFANA_ADDR"],
            endpoint=found("GRAFANA_ENDPOINT") or os.environ["GRAFANA_ADDR"],
            password_file=Path(found("GRAFANA_ADMIN_PASSWORD_FILE") or "/var/lib/grafana-admin/password"),
            account=found("OBSIVERSE_ACCOUNT") or "000000000000",
            region=found("OBSIVERSE_REGION") or "us-east-1",
        )
