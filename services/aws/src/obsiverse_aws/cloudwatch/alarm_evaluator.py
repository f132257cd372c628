"""The thread that evaluates alarms."""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import UTC, datetime
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.cloudwatch.alarm_scheduler import AlarmScheduler
from localstack.services.cloudwatch.models import LocalStackMetricAlarm, cloudwatch_stores

from obsiverse_aws.cloudwatch.alarm import Alarm, has_too_few_samples, judge, period_of, points_of
from obsiverse_aws.cloudwatch.store import MetricStore

_log = logging.getLogger(__name__)

EVERY = 5
"""Seconds between evaluations of all alarms. AWS takes 60, or 10 for the shortest periods; a sandbox should not make one wait."""
END_SECONDS = 10


class AlarmEvaluator(AlarmScheduler):
    """Evaluates all alarms of all accounts every few seconds, and when one is put.

    Stands where LocalStack's provider has its scheduler, and needs to be told of no alarm: it looks at those that are there.
    """

    def __init__(self, store: MetricStore) -> None:
        super().__init__()
        self._store = store
        self._wake, self._ended = threading.Event(), threading.Event()
        self._faults: dict[str, str] = {}

    def start(self) -> None:
        """Begin, unless that is done."""
        if self.thread is None:
            self._ended.clear()
            self.thread = threading.Thread(target=self._run, name="cloudwatch-alarms", daemon=True)
            self.thread.start()

    def shutdown(self) -> None:
        """End; it can begin again."""
        thread, self.thread = self.thread, None
        if thread:
            self._ended.set()
            self._wake.set()
            thread.join(END_SECONDS)

    def schedule_metric_alarm(self, alarm_arn: str) -> None:
        """Evaluate soon."""
        self._wake.set()

    def delete_scheduler_for_alarm(self, alarm_arn: str) -> None:
        """Nothing to do: what is not there is not evaluated."""

    def restart_existing_alarms(self) -> None:
        """Evaluate soon."""
        self._wake.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            for account, region, store in list(cloudwatch_stores.iter_stores()):
                for alarm in list(store.alarms.values()):
                    if isinstance(alarm, LocalStackMetricAlarm):
                        self._evaluate_safely(account, region, alarm.alarm)
            self._wake.wait(EVERY)
            self._wake.clear()

    def _evaluate_safely(self, account: str, region: str, alarm: Any) -> None:
        arn = alarm["AlarmArn"]
        try:
            self._evaluate(account, region, alarm)
            self._faults.pop(arn, None)
        except Exception as error:  # noqa: BLE001 - whatever its data or actions raise, the other alarms are evaluated still
            if self._faults.get(arn) != repr(error):
                self._faults[arn] = repr(error)
                _log.exception("%s is not evaluated; the same fault is not told again", arn)

    def _evaluate(self, account: str, region: str, alarm: Any) -> None:
        now = time.time()
        points = points_of(alarm, self._store, account, region, now)
        verdict = judge(alarm, points)
        if verdict is None or verdict.state == alarm["StateValue"]:
            return
        if has_too_few_samples(alarm, self._store, account, region, now):
            return
        # Through the API, which calls the alarm's actions.
        connect_to(region_name=region, aws_access_key_id=account).cloudwatch.set_alarm_state(
            AlarmName=alarm["AlarmName"],
            StateValue=verdict.state,
            StateReason=verdict.reason,
            StateReasonData=json.dumps(_reason_data(alarm, points, now)),
        )


def _reason_data(alarm: Alarm, points: list[float | None], now: float) -> dict[str, Any]:
    recent = [point for point in points if point is not None][-alarm["EvaluationPeriods"] :]
    statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic")
    return {
        "version": "1.0",
        "queryDate": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        **({"statistic": statistic} if statistic else {}),
        "period": period_of(alarm),
        "recentDatapoints": recent,
        "threshold": alarm["Threshold"],
    }
