"""Labels of results, with what AWS calls dynamic labels in them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
What tells a time, such as ${MAX_TIME}, stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

DYNAMIC = re.compile(r"\$\{(?:PROP\('(?P<property>[^']+)'\)|(?P<value>[A-Z_]+))\}")
VALUES: dict[str, Callable[[list[float]], float]] = {
    "AVG": lambda values: sum(values) / len(values),
    "FIRST": lambda values: values[0],
    "LAST": lambda values: values[-1],
    "FIRST_LAST_RANGE": lambda values: values[-1] - values[0],
    "MAX": max,
    "MIN": min,
    "MIN_MAX_RANGE": lambda values: max(values) - min(values),
    "SUM": sum,
}


def default_labels(queries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Labels by the queries' ids: a metric's name, with what tells apart other statistics or periods; else the id."""
    stats = {query["Id"]: query["MetricStat"] for query in queries if query.get("MetricStat")}
    different = [member for member in ("Stat", "Period") if len({stat[member] for stat in stats.values()}) > 1]
    labels = {query["Id"]: query["Id"] for query in queries}
    for query_id, stat in stats.items():
        labels[query_id] = " ".join([stat["Metric"]["MetricName"], *(str(stat[member]) for member in different)])
    return labels


def properties_of(stat: Mapping[str, Any], account: str, region: str) -> dict[str, str]:
    """What ${PROP('...')} means for a MetricStat."""
    metric = stat["Metric"]
    properties = {
        "AccountId": account,
        "Region": region,
        "Namespace": metric.get("Namespace", ""),
        "MetricName": metric["MetricName"],
        "Stat": stat["Stat"],
        "Period": str(stat["Period"]),
    }
    return properties | {f"Dim.{one['Name']}": one.get("Value", "") for one in metric.get("Dimensions") or []}


def resolve(label: str, default: str, values: Sequence[float], properties: Mapping[str, str]) -> str:
    """A label with its dynamic parts filled in; those that say nothing here stay as they are.

    Args:
        default: what ${LABEL} means.
        values: the result's, the oldest first.
    """

    def filled(found: re.Match[str]) -> str:
        if found["property"]:
            return properties.get(found["property"], found[0])
        if found["value"] == "LABEL":
            return default
        if found["value"] == "DATAPOINT_COUNT":
            return str(len(values))
        if found["value"] in VALUES and values:
            return f"{round(VALUES[found['value']](list(values)), 2):.15g}"
        return found[0]

    return DYNAMIC.sub(filled, label)
