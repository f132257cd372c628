"""What an account needs before the collector's spans and logs are taken: Transaction Search, and the group that logs go to.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
"""

from __future__ import annotations

import json
from typing import Any

from obsiverse_scenario.account import Account
from obsiverse_scenario.steps import wait_until

GROUP, STREAM = "/obsiverse/otlp", "collector"
"""As otel-collector/config.yaml names them."""
POLICY = "obsiverse-transaction-search"
INDEXED_PERCENT = 100.0
ACTIVE_SECONDS = 120.0


def ensure(account: Account) -> None:
    """Make what is missing. Raises TimedOut where X-Ray does not come to send spans to CloudWatch Logs."""
    logs, xray = account.client("logs"), account.client("xray")
    groups = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    if not any(group["logGroupName"] == GROUP for group in groups):
        logs.create_log_group(logGroupName=GROUP)
    streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=STREAM)["logStreams"]
    if not any(stream["logStreamName"] == STREAM for stream in streams):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    if xray.get_trace_segment_destination().get("Destination") != "CloudWatchLogs":
        logs.put_resource_policy(policyName=POLICY, policyDocument=_policy(account))
        xray.update_trace_segment_destination(Destination="CloudWatchLogs")
        # Of few requests every trace is wanted; whoever sends many turns it down.
        rule = {"Probabilistic": {"DesiredSamplingPercentage": INDEXED_PERCENT}}
        xray.update_indexing_rule(Name="Default", Rule=rule)
    wait_until(
        lambda: xray.get_trace_segment_destination()["Status"] == "ACTIVE" or None,
        "Transaction Search",
        ACTIVE_SECONDS,
        "Look at `aws xray get-trace-segment-destination`.",
    )


def _policy(account: Account) -> str:
    groups = [
        f"arn:aws:logs:{account.region}:{account.id}:log-group:{name}:*"
        for name in ("aws/spans", "/aws/application-signals/data")
    ]
    statement: dict[str, Any] = {
        "Sid": "TransactionSearchXRayAccess",
        "Effect": "Allow",
        "Principal": {"Service": "xray.amazonaws.com"},
        "Action": "logs:PutLogEvents",
        "Resource": groups,
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:aws:xray:{account.region}:{account.id}:*"},
            "StringEquals": {"aws:SourceAccount": account.id},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
