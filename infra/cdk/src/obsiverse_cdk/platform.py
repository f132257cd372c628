"""The stack of what is there once."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from obsiverse_cdk.alerts import Alerts
from obsiverse_cdk.grafana import Grafana
from obsiverse_cdk.logs import Logs
from obsiverse_cdk.metrics import Metrics
from obsiverse_cdk.roles import Roles
from obsiverse_cdk.settings import Settings
from obsiverse_cdk.storage import Storage
from obsiverse_cdk.traces import Traces


class Platform(cdk.Stack):
    """Bucket and repository, alerts, metrics, logs, traces, roles, Grafana."""

    def __init__(self, scope: Construct, identity: str, settings: Settings, **options: Any) -> None:
        super().__init__(scope, identity, **options)
        self.storage = Storage(self, settings)
        self.alerts = Alerts(self, settings)
        self.metrics = Metrics(self, settings, self.alerts)
        self.logs = Logs(self, settings)
        self.traces = Traces(self, settings)
        self.roles = Roles(self, settings, self.storage, self.alerts, self.metrics)
        self.grafana = Grafana(self, settings, self.roles.grafana) if self.roles.grafana else None
