"""X-Ray: where spans are kept, which traces are sampled, and groups of them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Transaction-Search.html
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from aws_cdk import aws_xray as xray
from constructs import Construct

from obsiverse_cdk.settings import Settings

SPANS = ("aws/spans", "/aws/application-signals/data")


class Traces(Construct):
    """Transaction Search is one for an account and region: an account that has it on already refuses a second one."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(scope, "Traces")
        policy = logs.CfnResourcePolicy(
            self,
            "SpansPolicy",
            policy_name=f"{settings.name}-transaction-search",
            policy_document=cdk.Stack.of(self).to_json_string(self._spans_policy()),
        )
        search = xray.CfnTransactionSearchConfig(self, "Search", indexing_percentage=settings.indexing_percent)
        search.node.add_dependency(policy)
        for name, expression in settings.trace_groups.items():
            xray.CfnGroup(self, f"Group-{name}", group_name=name, filter_expression=expression)
        xray.CfnSamplingRule(
            self,
            "Sampling",
            sampling_rule=xray.CfnSamplingRule.SamplingRuleProperty(
                rule_name=settings.name,
                version=1,
                priority=1000,
                reservoir_size=1,
                fixed_rate=0.1,
                resource_arn="*",
                service_name="*",
                service_type="*",
                host="*",
                http_method="*",
                url_path="*",
            ),
        )

    def _spans_policy(self) -> dict[str, object]:
        prefix = f"arn:{cdk.Aws.PARTITION}"
        where = f"{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}"
        statement = {
            "Sid": "TransactionSearchXRayAccess",
            "Effect": "Allow",
            "Principal": {"Service": "xray.amazonaws.com"},
            "Action": "logs:PutLogEvents",
            "Resource": [f"{prefix}:logs:{where}:log-group:{group}:*" for group in SPANS],
            "Condition": {
                "ArnLike": {"aws:SourceArn": f"{prefix}:xray:{where}:*"},
                "StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID},
            },
        }
        return {"Version": "2012-10-17", "Statement": [statement]}
