"""Managed Grafana: the workspace.

What is in it (data sources, dashboards, alert rules) and its alerting (`unifiedAlerting`) CloudFormation can't make; promotion can.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_grafana as grafana
from aws_cdk import aws_iam as iam
from constructs import Construct

from obsiverse_cdk.settings import Settings


class Grafana(Construct):
    """People sign in by IAM Identity Center, which must be on in the organisation."""

    def __init__(self, scope: Construct, settings: Settings, role: iam.IRole) -> None:
        super().__init__(scope, "Grafana")
        self.workspace = grafana.CfnWorkspace(
            self,
            "Workspace",
            name=settings.name,
            account_access_type="CURRENT_ACCOUNT",
            authentication_providers=["AWS_SSO"],
            permission_type="CUSTOMER_MANAGED",
            role_arn=role.role_arn,
            data_sources=["CLOUDWATCH", "PROMETHEUS", "XRAY"],
            plugin_admin_enabled=True,
            grafana_version=settings.grafana_version,
        )
        cdk.CfnOutput(self, "Endpoint", value=self.workspace.attr_endpoint)
