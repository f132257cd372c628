"""A service graph from the index: nodes, edges, and how long and how well each answered.

https://docs.aws.amazon.com/xray/latest/api/API_Service.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from obsiverse_telemetry.xray.index import Edge, Service

CLIENT = "client"
SIGNIFICANT = 2
"""Digits by which response times are told apart in a histogram."""

Identity = tuple[str, str]


@dataclass
class _Measured:
    """Answers of a node, or over an edge, in the time from `start` to `end`."""

    start: float
    end: float
    times: list[float] = field(default_factory=list[float])
    faults: int = 0
    throttles: int = 0
    errors: int = 0

    def add(self, one: Service | Edge, start: float, end: float) -> None:
        self.start, self.end = min(self.start, start), max(self.end, end)
        self.times.append(one.response_time)
        self.faults += bool(one.fault)
        self.throttles += bool(one.throttle)
        self.errors += bool(one.error) and not one.throttle

    def statistics(self) -> dict[str, Any]:
        count = len(self.times)
        failed = self.faults + self.throttles + self.errors
        return {
            "OkCount": max(count - failed, 0),
            "ErrorStatistics": {
                "ThrottleCount": self.throttles,
                "OtherCount": self.errors,
                "TotalCount": self.throttles + self.errors,
            },
            "FaultStatistics": {"OtherCount": self.faults, "TotalCount": self.faults},
            "TotalCount": count,
            "TotalResponseTime": round(sum(self.times), 6),
        }

    def histogram(self) -> list[dict[str, Any]]:
        counts: dict[float, int] = {}
        for seconds in self.times:
            value = float(f"{seconds:.{SIGNIFICANT}g}")
            counts[value] = counts.get(value, 0) + 1
        return [{"Value": value, "Count": counts[value]} for value in sorted(counts)]


def service_graph(
    services: Sequence[tuple[float, float, Service]], edges: Iterable[tuple[float, float, Edge]]
) -> list[dict[str, Any]]:
    """The API's Services, the ones that clients call first, then those that they call.

    Args:
        services, edges: each with the start and end of its trace, Unix seconds.
    """
    nodes: dict[Identity, _Measured] = {}
    roots: set[Identity] = set()
    lines: dict[tuple[Identity, Identity], _Measured] = {}
    for start, end, one in services:
        identity = (one.name, one.type)
        nodes.setdefault(identity, _Measured(start, end)).add(one, start, end)
        if one.root:
            roots.add(identity)
            lines.setdefault(((CLIENT, CLIENT), identity), _Measured(start, end)).add(one, start, end)
    for start, end, one in edges:
        ends = ((one.source, one.source_type), (one.target, one.target_type))
        lines.setdefault(ends, _Measured(start, end)).add(one, start, end)
        for identity in ends:
            nodes.setdefault(identity, _Measured(start, end))
    ordered = sorted(nodes, key=lambda one: (one not in roots, one))
    numbers = {identity: number for number, identity in enumerate(ordered)}
    described = [
        {
            **_described(number, identity, nodes[identity], lines, numbers),
            **({"Root": True} if identity in roots else {}),
            "SummaryStatistics": nodes[identity].statistics(),
            "DurationHistogram": nodes[identity].histogram(),
            "ResponseTimeHistogram": nodes[identity].histogram(),
        }
        for number, identity in enumerate(ordered)
    ]
    if roots:
        client = _Measured(min(nodes[one].start for one in roots), max(nodes[one].end for one in roots))
        described.append(_described(len(ordered), (CLIENT, CLIENT), client, lines, numbers))
    return described


def _described(
    number: int,
    identity: Identity,
    measured: _Measured,
    lines: dict[tuple[Identity, Identity], _Measured],
    numbers: dict[Identity, int],
) -> dict[str, Any]:
    name, kind = identity
    return {
        "ReferenceId": number,
        "Name": name,
        "Names": [name],
        **({"Type": kind} if kind else {}),
        "State": "active",
        "StartTime": measured.start,
        "EndTime": measured.end,
        "Edges": [
            {
                "ReferenceId": numbers[target],
                "StartTime": line.start,
                "EndTime": line.end,
                "SummaryStatistics": line.statistics(),
                "ResponseTimeHistogram": line.histogram(),
                "Aliases": [],
            }
            for (source, target), line in lines.items()
            if source == identity
        ],
    }
