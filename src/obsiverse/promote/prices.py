"""List prices, from the table that the cost dashboard uses too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML

RECORD = "instance_type:cost_usd_per_hour"
ALARM_PER_MONTH = 0.10
"""https://aws.amazon.com/cloudwatch/pricing/: a standard-resolution alarm on one metric, in dollars, us-east-1."""
COMPOSITE_ALARM_PER_MONTH = 0.50
"""The same page: an alarm on other alarms."""
DASHBOARD_PER_MONTH = 3.0
"""The same page: a dashboard beyond the three that are free."""
MLFLOW_SERVER_PER_HOUR = 0.60
"""https://aws.amazon.com/sagemaker/ai/pricing/: a Small tracking server, without its storage."""
HOURS_PER_MONTH = 730
_VECTOR = re.compile(r"vector\(([0-9.]+)\)")


class Prices:
    """Dollars an hour of instances by their type.

    Attributes:
        unknown: types that were asked for and have no price.
    """

    def __init__(self, per_hour: dict[str, float]) -> None:
        self._per_hour = per_hour
        self.unknown: set[str] = set()

    @classmethod
    def read(cls, file: Path) -> Prices:
        """The table of prometheus/rules/cost.yml."""
        document: Any = YAML(typ="safe", pure=True).load(file)  # pyright: ignore[reportUnknownMemberType] - typed only in part
        found: dict[str, float] = {}
        for group in cast(list[dict[str, Any]], document["groups"]):
            for rule in cast(list[dict[str, Any]], group["rules"]):
                value = _VECTOR.fullmatch(str(rule["expr"]))
                if rule.get("record") == RECORD and value:
                    found[rule["labels"]["instance_type"]] = float(value[1])
        return cls(found)

    def instance(self, instance_type: str) -> float:
        """Of one instance; 0 where the table has no such type, which is remembered."""
        if instance_type not in self._per_hour:
            self.unknown.add(instance_type)
        return self._per_hour.get(instance_type, 0.0)
