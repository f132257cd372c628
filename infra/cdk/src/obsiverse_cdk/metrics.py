"""Managed Prometheus: the workspace with its Alertmanager, and the rules."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_aps as aps
from constructs import Construct

from obsiverse_cdk.alerts import Alerts
from obsiverse_cdk.files import alertmanager_definition, rules
from obsiverse_cdk.settings import Settings


class Metrics(Construct):
    """A workspace whose alerts go to the topic."""

    def __init__(self, scope: Construct, settings: Settings, alerts: Alerts) -> None:
        super().__init__(scope, "Metrics")
        self.workspace = aps.CfnWorkspace(
            self,
            "Workspace",
            alias=settings.name,
            alert_manager_definition=alertmanager_definition(alerts.topic.topic_arn, cdk.Aws.REGION),
        )
        alerts.let_publish(self.workspace.attr_arn)
        for name, text in rules().items():
            aps.CfnRuleGroupsNamespace(
                self, f"Rules{name.title()}", name=name, workspace=self.workspace.attr_arn, data=text
            )
        url = f"{self.workspace.attr_prometheus_endpoint}api/v1/remote_write"
        cdk.CfnOutput(self, "RemoteWriteUrl", value=url, description="AMP_REMOTE_WRITE_URL of the collector")
