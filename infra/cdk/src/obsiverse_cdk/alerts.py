"""The topic of alerts: who may publish to it, and who is told."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from obsiverse_cdk.settings import Settings


class Alerts(Construct):
    """CloudWatch's alarms and EventBridge's rules publish here; `let_publish` lets the workspace's Alertmanager too.

    https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-receiver-AWSpermission.html
    """

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "Alerts")
        self.topic = sns.Topic(self, "Topic", topic_name=f"{settings.name}-alerts")
        for identity, service in (("alarms", "cloudwatch"), ("events", "events")):
            self._allow(identity, service, ["sns:Publish"], {})
        for number, one in enumerate(settings.notifications, 1):
            sns.CfnSubscription(
                self,
                f"Subscription{number}",
                topic_arn=self.topic.topic_arn,
                protocol=one.protocol,
                endpoint=one.endpoint,
            )

    def let_publish(self, workspace_arn: str) -> None:
        """Let the Alertmanager of a workspace publish."""
        condition = {"ArnEquals": {"aws:SourceArn": workspace_arn}}
        self._allow("alertmanager", "aps", ["sns:Publish", "sns:GetTopicAttributes"], condition)

    def _allow(self, identity: str, service: str, actions: list[str], condition: dict[str, dict[str, str]]) -> None:
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid=identity,
                principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                actions=actions,
                resources=[self.topic.topic_arn],
                conditions={**condition, "StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
            )
        )
