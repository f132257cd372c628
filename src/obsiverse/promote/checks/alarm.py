"""An alarm, set off and seen where the topic's subscribers see it."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Iterator

from obsiverse.promote.check import Check, Result, failed, passed, skipped
from obsiverse.promote.errors import NotInTime
from obsiverse.promote.kinds import sns_topic
from obsiverse.promote.plan import Plan
from obsiverse.promote.session import Session

SECONDS = 90
LONG_POLL = 2


class Alarm(Check):
    """A CloudWatch alarm whose state is set, the topic of alerts, and a queue that subscribes to it. All but the topic go afterwards."""

    name = "alarm"

    def run(self, session: Session, plan: Plan) -> Iterator[Result]:
        place = session.place
        topic = sns_topic.alerts(place.promotion)
        arn = place.arn("sns", topic)
        step = plan.steps.get(f"{sns_topic.NAME}/{topic}")
        if step is None or step.found is None:
            yield skipped("alarm", f"there is no topic {topic}: apply first")
            return
        name, began = f"{place.promotion.name}-verify-{secrets.token_hex(4)}", time.monotonic()
        sqs, sns, cloudwatch = (place.client(service) for service in ("sqs", "sns", "cloudwatch"))
        with contextlib.ExitStack() as after:
            queue = sqs.create_queue(QueueName=name)["QueueUrl"]
            after.callback(lambda: sqs.delete_queue(QueueUrl=queue))
            queue_arn = place.arn("sqs", name)
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": _policy(queue_arn, arn)})
            subscription = sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn, ReturnSubscriptionArn=True)
            after.callback(lambda: sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"]))
            cloudwatch.put_metric_alarm(
                AlarmName=name, AlarmActions=[arn], Namespace="obsiverse", MetricName="promotion_probe", Statistic="Sum",
                Period=60, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
                AlarmDescription="A test by obsiverse promote verify; nothing is wrong.",
            )  # fmt: skip
            after.callback(lambda: cloudwatch.delete_alarms(AlarmNames=[name]))
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test of obsiverse")

            def seen() -> bool:
                told = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=LONG_POLL, MaxNumberOfMessages=10)
                return any(name in message["Body"] for message in told.get("Messages", []))

            try:
                place.wait(seen, f"alarm {name} at topic {topic}", SECONDS)
            except NotInTime as error:
                yield failed("alarm", error.message)
            else:
                yield passed("alarm", f"seen at {topic} after {time.monotonic() - began:.1f} s")


def _policy(queue: str, topic: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
