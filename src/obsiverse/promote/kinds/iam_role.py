"""IAM roles, each allowed what its part needs and no more.

https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html,
https://docs.aws.amazon.com/grafana/latest/userguide/AMG-manage-permissions.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from obsiverse.promote.faults import is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import amp_workspace, log_group, sns_topic
from obsiverse.promote.place import Place, partition
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source
from obsiverse.targets.models import Promotion

NAME = "iam-role"
POLICY = "obsiverse"


class IamRole(Kind):
    """A role with one inline policy. A role that is there already and is not ours is used as it is."""

    name = NAME
    shared = True
    actions = (
        "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:GetRole", "iam:GetRolePolicy", "iam:PassRole",
        "iam:PutRolePolicy", "iam:TagRole", "iam:UpdateAssumeRolePolicy",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        promotion, account = source.promotion, source.target.account
        mine = {"StringEquals": {"aws:SourceAccount": account}}
        yield self._role(sagemaker(source), ["sagemaker.amazonaws.com"], _sagemaker(source), {})
        # Pod Identity, on EKS, tags the sessions that it opens.
        hosts = ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "pods.eks.amazonaws.com"]
        yield self._role(collector(promotion), hosts, _collector(source), {}, ["sts:AssumeRole", "sts:TagSession"])
        if promotion.grafana:
            yield self._role(grafana(promotion), ["grafana.amazonaws.com"], _grafana(source), mine)

    def read(self, place: Place, resource: Resource) -> Found | None:
        iam = place.client("iam")
        try:
            role = iam.get_role(RoleName=resource.name)["Role"]
        except Exception as error:
            if is_missing(error):
                return None
            raise
        tags = role.get("Tags", [])
        properties = {"trust": role["AssumeRolePolicyDocument"], "policy": self._policy(iam, resource.name)}
        return Found(properties, {"arn": role["Arn"]}, ours=place.is_ours(tags))

    def create(self, place: Place, resource: Resource) -> None:
        trust = json.dumps(resource.properties["trust"])
        place.client("iam").create_role(RoleName=resource.name, AssumeRolePolicyDocument=trust, Tags=place.tag_list)
        self._allow(place, resource)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        trust = json.dumps(resource.properties["trust"])
        place.client("iam").update_assume_role_policy(RoleName=resource.name, PolicyDocument=trust)
        self._allow(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        iam = place.client("iam")
        for call, arguments in (
            (iam.delete_role_policy, {"RoleName": resource.name, "PolicyName": POLICY}),
            (iam.delete_role, {"RoleName": resource.name}),
        ):
            try:
                call(**arguments)
            except Exception as error:
                if not is_missing(error):
                    raise

    def _allow(self, place: Place, resource: Resource) -> None:
        document = json.dumps(resource.properties["policy"])
        place.client("iam").put_role_policy(RoleName=resource.name, PolicyName=POLICY, PolicyDocument=document)

    def _policy(self, iam: Any, role: str) -> dict[str, Any]:
        try:
            return iam.get_role_policy(RoleName=role, PolicyName=POLICY)["PolicyDocument"]
        except Exception as error:
            if is_missing(error):
                return {}
            raise

    def _role(
        self,
        name: str,
        services: list[str],
        statements: list[dict[str, Any]],
        condition: dict[str, Any],
        actions: Sequence[str] = ("sts:AssumeRole",),
    ) -> Resource:
        trust: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"Service": services if len(services) > 1 else services[0]},
            "Action": list(actions) if len(actions) > 1 else actions[0],
        }
        if condition:
            trust["Condition"] = condition
        return Resource(self.name, name, {"trust": _document([trust]), "policy": _document(statements)})


def sagemaker(source: Source) -> str:
    """The name of the role that models run as."""
    return source.target.roles.sagemaker.rpartition("/")[2]


def collector(promotion: Promotion) -> str:
    """The name of the role that a collector runs as, on EC2, ECS or EKS."""
    return f"{promotion.name}-collector"


def grafana(promotion: Promotion) -> str:
    """The name of the role of the Grafana workspace."""
    return f"{promotion.name}-grafana"


def _sagemaker(source: Source) -> list[dict[str, Any]]:
    bucket = f"arn:{partition(source.target.region)}:s3:::{source.target.bucket}"
    return [
        _allow(["s3:ListBucket", "s3:GetBucketLocation"], bucket),
        _allow(["s3:GetObject", "s3:PutObject"], f"{bucket}/*"),
        _allow(["ecr:GetAuthorizationToken"], "*"),
        _allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            source.arn("ecr", "repository/*"),
        ),
        _allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            source.arn("logs", "log-group:/aws/sagemaker/*"),
        ),
        _allow(
            ["cloudwatch:PutMetricData"],
            "*",
            {"StringLike": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*", "aws/sagemaker/*"]}},
        ),
        # Of asynchronous endpoints.
        _allow(["sns:Publish"], source.arn("sns", sns_topic.alerts(source.promotion))),
    ]


def _collector(source: Source) -> list[dict[str, Any]]:
    group = source.arn("logs", f"log-group:{log_group.COLLECTOR}")
    return [
        _allow(["aps:RemoteWrite"], Ref(f"{amp_workspace.NAME}/{source.promotion.name}", "arn")),
        _allow(["xray:PutTraceSegments", "xray:PutSpans", "xray:PutSpansForIndexing"], "*"),
        _allow(["logs:PutLogEvents", "logs:DescribeLogStreams"], [group, f"{group}:*"]),
    ]


def _grafana(source: Source) -> list[dict[str, Any]]:
    return [
        _allow(
            ["aps:QueryMetrics", "aps:GetLabels", "aps:GetSeries", "aps:GetMetricMetadata", "aps:ListRules", "aps:ListAlerts"],
            Ref(f"{amp_workspace.NAME}/{source.promotion.name}", "arn"),
        ),
        _allow(
            [
                "cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmsForMetric", "cloudwatch:DescribeAlarmHistory",
                "cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "ec2:DescribeRegions", "tag:GetResources",
                "xray:BatchGetTraces", "xray:GetGroups", "xray:GetInsightSummaries", "xray:GetServiceGraph",
                "xray:GetTimeSeriesServiceStatistics", "xray:GetTraceGraph", "xray:GetTraceSummaries",
            ],
            "*",
        ),
        _allow(
            [
                "logs:DescribeLogGroups", "logs:GetLogEvents", "logs:GetLogGroupFields", "logs:GetQueryResults",
                "logs:StartQuery", "logs:StopQuery",
            ],
            source.arn("logs", "log-group:*"),
        ),
    ]  # fmt: skip


def _allow(actions: list[str], resource: Any, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": actions,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }


def _document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}
