"""Roles, each allowed what its part needs and no more.

https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html,
https://docs.aws.amazon.com/grafana/latest/userguide/AMG-manage-permissions.html
"""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from obsiverse_cdk.alerts import Alerts
from obsiverse_cdk.logs import COLLECTOR
from obsiverse_cdk.metrics import Metrics
from obsiverse_cdk.settings import Settings
from obsiverse_cdk.storage import Storage

POLICY = "obsiverse"


class Roles(Construct):
    """Of SageMaker, of the collector on EC2, ECS or EKS, and of the Grafana workspace (None where there is none)."""

    def __init__(
        self, scope: Construct, settings: Settings, storage: Storage, alerts: Alerts, metrics: Metrics
    ) -> None:
        super().__init__(scope, "Roles")
        name, workspace = settings.name, metrics.workspace.attr_arn
        self.sagemaker = self._role(
            f"{name}-sagemaker", iam.ServicePrincipal("sagemaker.amazonaws.com"), _sagemaker(storage, alerts)
        )
        # Pod Identity, on EKS, tags the sessions that it opens.
        hosts = iam.CompositePrincipal(
            *(
                iam.ServicePrincipal(f"{one}.amazonaws.com").with_session_tags()
                for one in ("ec2", "ecs-tasks", "pods.eks")
            )
        )
        self.collector = self._role(f"{name}-collector", hosts, _collector(workspace))
        iam.CfnInstanceProfile(
            self,
            "CollectorProfile",
            instance_profile_name=f"{name}-collector",
            roles=[self.collector.role_name],
        )
        mine = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        amg = iam.ServicePrincipal("grafana.amazonaws.com", conditions=mine)
        self.grafana = self._role(f"{name}-grafana", amg, _grafana(workspace)) if settings.grafana else None

    def _role(self, name: str, principal: iam.IPrincipal, statements: list[iam.PolicyStatement]) -> iam.Role:
        document = iam.PolicyDocument(statements=statements)
        return iam.Role(
            self,
            name.rpartition("-")[2].title(),
            role_name=name,
            assumed_by=principal,
            inline_policies={POLICY: document},
        )


def _sagemaker(storage: Storage, alerts: Alerts) -> list[iam.PolicyStatement]:
    bucket = storage.bucket.bucket_arn
    metrics = {"StringLike": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*", "aws/sagemaker/*"]}}
    return [
        _allow(["s3:ListBucket", "s3:GetBucketLocation"], bucket),
        _allow(["s3:GetObject", "s3:PutObject"], f"{bucket}/*"),
        _allow(["ecr:GetAuthorizationToken"], "*"),
        _allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            _arn("ecr", "repository/*"),
        ),
        _allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            _arn("logs", "log-group:/aws/sagemaker/*"),
        ),
        _allow(["cloudwatch:PutMetricData"], "*", conditions=metrics),
        # Of asynchronous endpoints.
        _allow(["sns:Publish"], alerts.topic.topic_arn),
    ]


def _collector(workspace: str) -> list[iam.PolicyStatement]:
    group = _arn("logs", f"log-group:{COLLECTOR}")
    return [
        _allow(["aps:RemoteWrite"], workspace),
        _allow(["xray:PutTraceSegments", "xray:PutSpans", "xray:PutSpansForIndexing"], "*"),
        _allow(["logs:PutLogEvents", "logs:DescribeLogStreams"], group, f"{group}:*"),
    ]


def _grafana(workspace: str) -> list[iam.PolicyStatement]:
    prometheus = ("QueryMetrics", "GetLabels", "GetSeries", "GetMetricMetadata", "ListRules", "ListAlerts")
    cloudwatch = ("DescribeAlarms", "DescribeAlarmsForMetric", "DescribeAlarmHistory", "GetMetricData", "ListMetrics")
    xray = (
        "BatchGetTraces", "GetGroups", "GetInsightSummaries", "GetServiceGraph", "GetTimeSeriesServiceStatistics",
        "GetTraceGraph", "GetTraceSummaries",
    )  # fmt: skip
    logs = (
        "DescribeLogGroups", "GetLogEvents", "GetLogGroupFields", "GetQueryResults", "StartQuery", "StopQuery",
    )  # fmt: skip
    everywhere = [*(f"cloudwatch:{one}" for one in cloudwatch), "ec2:DescribeRegions", "tag:GetResources"]
    return [
        _allow([f"aps:{one}" for one in prometheus], workspace),
        _allow([*everywhere, *(f"xray:{one}" for one in xray)], "*"),
        _allow([f"logs:{one}" for one in logs], _arn("logs", "log-group:*")),
    ]


def _allow(actions: list[str], *resources: str, conditions: dict[str, Any] | None = None) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=list(resources), conditions=conditions)


def _arn(service: str, resource: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:{service}:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:{resource}"
