"""CloudWatch: LocalStack's provider with a store, queries and alarms of our own."""

# LocalStack's provider guards its alarms with a lock under a name with an underscore.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.cloudwatch import (
    GetMetricDataInput,
    GetMetricDataOutput,
    GetMetricStatisticsInput,
    GetMetricStatisticsOutput,
    InvalidNextToken,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    MissingRequiredParameterException,
    PutCompositeAlarmInput,
    PutMetricAlarmInput,
    PutMetricDataInput,
)
from localstack.services.cloudwatch.models import LocalStackMetricAlarm
from localstack.services.cloudwatch.provider_v2 import (
    _STORE_LOCK,
    AWS_MAX_DATAPOINTS_ACCEPTED,
    CloudwatchProvider,
    ValidationException,
)

from obsiverse_aws.cloudwatch.alarm import check_alarm
from obsiverse_aws.cloudwatch.alarm_evaluator import AlarmEvaluator
from obsiverse_aws.cloudwatch.query import InvalidQuery, Result, aligned, check_period, run
from obsiverse_aws.cloudwatch.statistics import SIMPLE, Bucket, Statistic, UnknownStatistic, statistic
from obsiverse_aws.cloudwatch.store import Metric, MetricStore, pack

MAX_DATAPOINTS = 100_800
Statistics = dict[str, Statistic]
KEPT_AT_UPDATE = ("StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp", "StateTransitionedTimestamp")


class ObsiverseCloudwatch(CloudwatchProvider):
    """CloudWatch. Dashboards, tags and composite alarms are LocalStack's."""

    cloudwatch_database: MetricStore

    def __init__(self, file: Path) -> None:
        # Not LocalStack's, which would make its own store and scheduler.
        self.store = None
        self.cloudwatch_database = MetricStore(file)
        self.alarm_scheduler = AlarmEvaluator(self.cloudwatch_database)

    def on_after_state_reset(self) -> None:
        """Evaluate alarms again; the store was emptied, and stays."""
        self.alarm_scheduler.start()

    @handler("PutMetricData", expand=False)
    def put_metric_data(self, context: RequestContext, request: PutMetricDataInput) -> None:
        """Keep all data of the request, or none."""
        data = list(request.get("MetricData") or [])
        for of_entity in request.get("EntityMetricData") or []:
            data += of_entity.get("MetricData") or []
        if not data:
            raise MissingRequiredParameterException("The parameter MetricData is required.")
        for index, datum in enumerate(data, 1):
            _check_datum(datum, f"MetricData.member.{index}")
        self.cloudwatch_database.add_metric_data(context.account_id, context.region, request["Namespace"], data)

    @handler("GetMetricData", expand=False)
    def get_metric_data(self, context: RequestContext, request: GetMetricDataInput) -> GetMetricDataOutput:
        """Metrics and expressions on them."""
        start, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
        token = request.get("NextToken") or "0"
        if not token.isdecimal():
            raise InvalidNextToken("The next token specified is invalid.")
        with _refusals():
            if start >= end:
                raise InvalidQuery("The parameter StartTime must be less than the parameter EndTime.")
            results = run(
                request["MetricDataQueries"],
                self.cloudwatch_database,
                context.account_id,
                context.region,
                lambda period: aligned(start, end, period),
            )
        first, most = int(token), request.get("MaxDatapoints") or MAX_DATAPOINTS
        ascending = request.get("ScanBy") == "TimestampAscending"
        shown, total = _page(results, first, most, ascending=ascending)
        more = {"NextToken": str(first + most)} if first + most < total else {}
        return GetMetricDataOutput(MetricDataResults=shown, Messages=[], **more)

    @handler("GetMetricStatistics", expand=False)
    def get_metric_statistics(
        self, context: RequestContext, request: GetMetricStatisticsInput
    ) -> GetMetricStatisticsOutput:
        """Statistics of one metric, for each unit apart."""
        period, name = request["Period"], request["MetricName"]
        start, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
        if start >= end:
            raise InvalidParameterValueException("The parameter StartTime must be less than the parameter EndTime.")
        try:
            check_period(period)
        except InvalidQuery as error:
            raise InvalidParameterValueException(str(error)) from None
        if (end - start) / period > AWS_MAX_DATAPOINTS_ACCEPTED:
            raise InvalidParameterCombinationException(
                f"You have requested up to {int((end - start) / period)} datapoints, which exceeds the limit of "
                f"{AWS_MAX_DATAPOINTS_ACCEPTED}. You may reduce the datapoints requested by increasing Period, or "
                "decreasing the time range."
            )
        simple, extended = _statistics(request)
        metric = Metric(context.account_id, context.region, request["Namespace"], name, pack(request.get("Dimensions")))
        grid, store = aligned(start, end, period), self.cloudwatch_database
        datapoints: list[Any] = []
        for unit in [request["Unit"]] if request.get("Unit") else store.units(metric, grid):
            for at, bucket in store.buckets(metric, grid, unit, values=bool(extended)).items():
                shown = _computed(simple, bucket)
                if percentiles := _computed(extended, bucket):
                    shown["ExtendedStatistics"] = percentiles
                if shown:
                    datapoints.append({"Timestamp": datetime.fromtimestamp(at, UTC), "Unit": unit, **shown})
        return GetMetricStatisticsOutput(Label=name, Datapoints=datapoints)

    @handler("PutMetricAlarm", expand=False)
    def put_metric_alarm(self, context: RequestContext, request: PutMetricAlarmInput) -> None:
        """Make an alarm, or give one another configuration and leave its state."""
        with _refusals():
            check_alarm(request)
        with _STORE_LOCK:
            store = self.get_store(context.account_id, context.region)
            configuration: Any = {**request}
            tags = configuration.pop("Tags", None)
            # It completes the configuration.
            alarm = LocalStackMetricAlarm(context.account_id, context.region, configuration)
            arn = configuration["AlarmArn"]
            if arn in store.alarms:
                old: Any = store.alarms[arn].alarm
                configuration.update({name: old[name] for name in KEPT_AT_UPDATE if name in old})
            elif tags:
                store.TAGS.tag_resource(arn, tags)
            store.alarms[arn] = alarm
        self.alarm_scheduler.schedule_metric_alarm(arn)

    @handler("PutCompositeAlarm", expand=False)
    def put_composite_alarm(self, context: RequestContext, request: PutCompositeAlarmInput) -> None:
        """LocalStack's, with the tags that a new one is given, which LocalStack forgets."""
        arn = f"arn:{context.partition}:cloudwatch:{context.region}:{context.account_id}:alarm:{request['AlarmName']}"
        store = self.get_store(context.account_id, context.region)
        tags: Any = None if arn in store.alarms else request.get("Tags")
        super().put_composite_alarm(context, request)
        if tags:
            store.TAGS.tag_resource(arn, tags)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except InvalidQuery as error:
        raise ValidationException(str(error)) from None


def _check_datum(datum: Any, where: str) -> None:
    given = [name for name in ("Value", "Values", "StatisticValues") if datum.get(name) is not None]
    if len(given) > 1:
        raise InvalidParameterCombinationException(
            f"The parameters {where}.{given[0]} and {where}.{given[1]} are mutually exclusive and you have specified both."
        )
    if not given:
        raise MissingRequiredParameterException(f"One of {where}.Value, Values and StatisticValues is required.")
    values, counts = datum.get("Values") or [], datum.get("Counts") or []
    if counts and len(values) != len(counts):
        raise InvalidParameterValueException(
            f"The parameters {where}.Values and {where}.Counts must be of the same size."
        )
    numbers = [*values, *counts, *(datum.get("StatisticValues") or {}).values(), datum.get("Value") or 0]
    if not all(math.isfinite(number) for number in numbers):
        raise InvalidParameterValueException(f"The values of {where} must be finite numbers.")


def _page(results: list[Result], first: int, most: int, *, ascending: bool) -> tuple[list[Any], int]:
    """One page of all results' datapoints, counted one result after the other, and the number of all of them."""
    shown: list[Any] = []
    before = 0
    for result in results:
        points = list(result.series.points.items())
        points = points if ascending else points[::-1]
        until = max(0, first + most - before)
        part = points[max(0, first - before) : until]
        shown.append(
            {
                "Id": result.id,
                "Label": result.label,
                "StatusCode": "PartialData" if until < len(points) else "Complete",
                "Timestamps": [datetime.fromtimestamp(at, UTC) for at, _ in part],
                "Values": [value for _, value in part],
            }
        )
        before += len(points)
    return shown, before


def _statistics(request: GetMetricStatisticsInput) -> tuple[Statistics, Statistics]:
    """Those that a request has under Statistics, and those under ExtendedStatistics."""
    simple, extended = request.get("Statistics") or [], request.get("ExtendedStatistics") or []
    if bool(simple) == bool(extended):
        raise InvalidParameterCombinationException(
            "Exactly one of the parameters Statistics and ExtendedStatistics must be specified."
        )
    return _known("Statistics", simple), _known("ExtendedStatistics", extended)


def _known(member: str, names: Sequence[str]) -> Statistics:
    for index, name in enumerate(names, 1):
        try:
            statistic(name)
            supported = (name in SIMPLE) == (member == "Statistics")
        except UnknownStatistic:
            supported = False
        if not supported:
            raise InvalidParameterValueException(
                f"The value {name} for parameter {member}.member.{index} is not supported."
            )
    return {name: statistic(name) for name in names}


def _computed(statistics: Statistics, bucket: Bucket) -> dict[str, Any]:
    numbers = {name: one.compute(bucket) for name, one in statistics.items()}
    return {name: number for name, number in numbers.items() if number is not None}
