"""The alarms of an AutoRollbackConfiguration."""

from __future__ import annotations

from collections.abc import Iterable

from obsiverse_aws.clients import Clients
from obsiverse_aws.store import Key


def firing(endpoint: Key, names: Iterable[str]) -> list[str]:
    """Those alarms of CloudWatch that are in ALARM state; one that does not exist never fires."""
    wanted = list(names)
    if not wanted:
        return []
    cloudwatch = Clients(endpoint.account, endpoint.region).cloudwatch
    found = cloudwatch.describe_alarms(AlarmNames=wanted, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms = [alarm for kind in ("MetricAlarms", "CompositeAlarms") for alarm in found.get(kind, [])]
    return [alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"]
