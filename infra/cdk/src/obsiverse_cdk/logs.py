"""Log groups that the collector and endpoints write to, so that lines are not kept forever."""

from __future__ import annotations

from aws_cdk import aws_logs as logs
from constructs import Construct

from obsiverse_cdk.settings import Settings

COLLECTOR, STREAM = "/obsiverse/otlp", "collector"
"""As otel-collector/config.yaml names them: both must be there before it sends."""


class Logs(Construct):
    """Groups with one retention."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "Logs")
        self.collector = self._group("Collector", COLLECTOR, settings)
        logs.CfnLogStream(self, "Stream", log_group_name=self.collector.ref, log_stream_name=STREAM)
        for endpoint in settings.endpoints:
            self._group(f"Endpoint-{endpoint.name}", f"/aws/sagemaker/Endpoints/{endpoint.name}", settings)

    def _group(self, identity: str, name: str, settings: Settings) -> logs.CfnLogGroup:
        return logs.CfnLogGroup(self, identity, log_group_name=name, retention_in_days=settings.log_days)
