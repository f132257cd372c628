"""What a group's filters do with events that were put: metrics, and deliveries to Lambda, Kinesis and Firehose."""

from __future__ import annotations

import base64
import gzip
import json
import logging
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from localstack.aws.api import CommonServiceException
from localstack.aws.connect import connect_to
from localstack.services.logs.models import get_moto_logs_backend
from localstack.utils.aws import arns
from localstack.utils.aws.client_types import ServicePrincipal

LOG = logging.getLogger(__name__)
# LocalStack's constants are strings to a type checker.
PRINCIPAL: Any = ServicePrincipal.logs
DATA_MAX = 1000  # data of one PutMetricData

Event = dict[str, Any]
Match = Callable[[str, list[Event]], list[tuple[Event, dict[str, str]]]]
"""The events that a pattern matches, and the values that it extracts from each."""


def apply_filters(account: str, region: str, group: str, stream: str, events: list[Event], match: Match) -> None:
    """Apply all of a group's filters. What one can't do is logged: the events are kept already."""
    backend = get_moto_logs_backend(account, region)
    metric_filters = [one for one in backend.filters.metric_filters if one.get("logGroupName") == group]
    subscriptions = list(backend.groups[group].subscription_filters.values()) if group in backend.groups else []
    for metric_filter in metric_filters:
        try:
            _put_metrics(account, region, metric_filter, match(metric_filter.get("filterPattern") or "", events))
        except (ClientError, BotoCoreError, CommonServiceException) as error:
            LOG.warning("metric filter %s of %s: %s", metric_filter.get("filterName"), group, error)
    for subscription in subscriptions:
        try:
            matched = [event for event, _ in match(subscription.filter_pattern or "", events)]
            if matched:
                _deliver(account, region, group, stream, subscription, matched)
        except (ClientError, BotoCoreError, CommonServiceException) as error:
            LOG.warning("subscription filter %s of %s: %s", subscription.name, group, error)


def _put_metrics(account: str, region: str, metric_filter: Any, matched: list[tuple[Event, dict[str, str]]]) -> None:
    cloudwatch = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
    for transformation in metric_filter.get("metricTransformations", []):
        data: list[dict[str, Any]] = []
        for event, extracted in matched:
            value = transformation.get("metricValue") or "1"
            try:
                number = float(extracted.get(value, "") if value.startswith("$") else value)
            except ValueError:
                # AWS puts nothing for an event whose field is no number.
                continue
            datum = {"MetricName": transformation["metricName"], "Value": number}
            data.append({**datum, "Timestamp": event["timestamp"] / 1000})
        for first in range(0, len(data), DATA_MAX):
            part = data[first : first + DATA_MAX]
            cloudwatch.put_metric_data(Namespace=transformation["metricNamespace"], MetricData=part)


def _deliver(account: str, region: str, group: str, stream: str, subscription: Any, events: list[Event]) -> None:
    document = {
        "messageType": "DATA_MESSAGE",
        "owner": account,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [subscription.name],
        "logEvents": [{**event, "id": f"{event['timestamp']:020d}{index:036d}"} for index, event in enumerate(events)],
    }
    packed = gzip.compress(json.dumps(document, separators=(",", ":")).encode())
    destination = subscription.destination_arn
    of = arns.parse_arn(destination)
    if subscription.role_arn:
        factory = connect_to.with_assumed_role(
            role_arn=subscription.role_arn, service_principal=PRINCIPAL, region_name=of["region"]
        )
    else:
        factory = connect_to(aws_access_key_id=of["account"], region_name=of["region"])
    source = {
        "source_arn": arns.log_group_arn(group, account, region),
        "service_principal": PRINCIPAL,
    }
    if of["service"] == "lambda":
        payload = json.dumps({"awslogs": {"data": base64.b64encode(packed).decode()}})
        client = factory.lambda_.request_metadata(**source)
        client.invoke(FunctionName=destination, Payload=payload, InvocationType="Event")
    elif of["service"] == "kinesis":
        client = factory.kinesis.request_metadata(**source)
        client.put_record(StreamName=arns.kinesis_stream_name(destination), Data=packed, PartitionKey=group)
    elif of["service"] == "firehose":
        client = factory.firehose.request_metadata(**source)
        client.put_record(DeliveryStreamName=arns.firehose_name(destination), Record={"Data": packed})
