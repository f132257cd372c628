"""Sampling rules, and what each client may sample: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sampling.html"""

from __future__ import annotations

import time
from typing import Any

from obsiverse_telemetry.xray.control import Settings
from obsiverse_telemetry.xray.errors import InvalidRequestException, RuleLimitExceededException
from obsiverse_telemetry.xray.request import Operation, Request
from obsiverse_telemetry.xray.store import Owner

DEFAULT: dict[str, Any] = {
    "RuleName": "Default",
    "ResourceARN": "*",
    "Priority": 10000,
    "FixedRate": 0.05,
    "ReservoirSize": 1,
    "ServiceName": "*",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "*",
    "URLPath": "*",
    "Version": 1,
    "Attributes": {},
}
REQUIRED = ("ResourceARN", "ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath")
RULES_MAX = 25
INTERVAL = 10  # seconds between a client's reports
QUOTA_SECONDS = 20.0


class Sampling:
    """The operations, by the path of their requests."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reported: dict[tuple[Owner, str], dict[str, tuple[float, dict[str, Any]]]] = {}
        self.operations: dict[str, Operation] = {
            "/GetSamplingRules": lambda request: {"SamplingRuleRecords": self._records(request.owner)},
            "/CreateSamplingRule": self.create,
            "/UpdateSamplingRule": self.update,
            "/DeleteSamplingRule": self.delete,
            "/SamplingTargets": self.targets,
            "/SamplingStatisticSummaries": self.statistics,
        }

    def _records(self, owner: Owner) -> list[dict[str, Any]]:
        kept = self._settings.all(owner, "sampling")
        if not any(one["SamplingRule"]["RuleName"] == "Default" for one in kept):
            kept.append({"SamplingRule": _with_arn(owner, dict(DEFAULT)), "CreatedAt": 0.0, "ModifiedAt": 0.0})
        return sorted(kept, key=lambda one: one["SamplingRule"]["Priority"])

    def _record(self, owner: Owner, name: str | None, arn: str | None) -> dict[str, Any]:
        for record in self._records(owner):
            rule = record["SamplingRule"]
            if rule["RuleName"] == name or rule["RuleARN"] == arn:
                return record
        raise InvalidRequestException(f"Sampling rule {name or arn or ''} does not exist.")

    def create(self, request: Request) -> dict[str, Any]:
        """CreateSamplingRule."""
        rule = dict(_object(request, "SamplingRule"))
        name = rule.get("RuleName")
        if not isinstance(name, str) or not name:
            raise InvalidRequestException("SamplingRule.RuleName must be given.")
        records = self._records(request.owner)
        if any(one["SamplingRule"]["RuleName"] == name for one in records):
            raise InvalidRequestException(f"Sampling rule {name} already exists.")
        if len(records) > RULES_MAX:
            raise RuleLimitExceededException(f"There are {RULES_MAX} sampling rules already.")
        for member in REQUIRED:
            if not isinstance(rule.get(member), str):
                raise InvalidRequestException(f"SamplingRule.{member} must be given.")
        _check(rule)
        now = time.time()
        made = _with_arn(request.owner, {"Attributes": {}, **rule, "Version": 1})
        record = {"SamplingRule": made, "CreatedAt": now, "ModifiedAt": now}
        self._settings.put(request.owner, "sampling", name, record)
        self._settings.add_tags(request.owner, made["RuleARN"], request.members.get("Tags"))
        return {"SamplingRuleRecord": record}

    def update(self, request: Request) -> dict[str, Any]:
        """UpdateSamplingRule."""
        change = _object(request, "SamplingRuleUpdate")
        record = self._record(request.owner, change.get("RuleName"), change.get("RuleARN"))
        rule = record["SamplingRule"] | {name: value for name, value in change.items() if value is not None}
        _check(rule)
        record = {**record, "SamplingRule": rule, "ModifiedAt": time.time()}
        self._settings.put(request.owner, "sampling", rule["RuleName"], record)
        return {"SamplingRuleRecord": record}

    def delete(self, request: Request) -> dict[str, Any]:
        """DeleteSamplingRule."""
        record = self._record(request.owner, request.optional_text("RuleName"), request.optional_text("RuleARN"))
        name = record["SamplingRule"]["RuleName"]
        if name == "Default":
            raise InvalidRequestException("The rule Default can't be deleted.")
        self._settings.delete(request.owner, "sampling", name)
        self._settings.delete(request.owner, "tags", record["SamplingRule"]["RuleARN"])
        return {"SamplingRuleRecord": record}

    def targets(self, request: Request) -> dict[str, Any]:
        """GetSamplingTargets: what each client that reports on a rule may take of its reservoir in the next seconds."""
        reports: list[dict[str, Any]] = request.members.get("SamplingStatisticsDocuments") or []
        rules = {one["SamplingRule"]["RuleName"]: one for one in self._records(request.owner)}
        targets: list[dict[str, Any]] = []
        unprocessed: list[dict[str, Any]] = []
        now = time.time()
        for report in reports:
            name, client = str(report.get("RuleName")), str(report.get("ClientID"))
            if name not in rules:
                unprocessed.append({"RuleName": name, "ErrorCode": "UnknownRule", "Message": "There is no such rule."})
                continue
            rule = rules[name]["SamplingRule"]
            clients = self._reported.setdefault((request.owner, name), {})
            clients[client] = (now, report)
            active = sum(1 for at, _ in clients.values() if now - at < QUOTA_SECONDS)
            size = rule["ReservoirSize"]
            targets.append(
                {
                    "RuleName": name,
                    "FixedRate": rule["FixedRate"],
                    "ReservoirQuota": max(size // active, 1) if size else 0,
                    "ReservoirQuotaTTL": now + QUOTA_SECONDS,
                    "Interval": INTERVAL,
                }
            )
        modified = max(one["ModifiedAt"] for one in rules.values())
        return {
            "SamplingTargetDocuments": targets,
            "UnprocessedStatistics": unprocessed,
            "LastRuleModification": modified,
        }

    def statistics(self, request: Request) -> dict[str, Any]:
        """GetSamplingStatisticSummaries: what clients last reported."""
        summaries: list[dict[str, Any]] = []
        for (owner, name), clients in self._reported.items():
            if owner == request.owner:
                counts = {
                    f"{kind}Count": sum(int(report.get(f"{kind}Count") or 0) for _, report in clients.values())
                    for kind in ("Request", "Sampled", "Borrow")
                }
                summaries.append({"RuleName": name, "Timestamp": max(at for at, _ in clients.values()), **counts})
        return {"SamplingStatisticSummaries": summaries}


def _object(request: Request, name: str) -> dict[str, Any]:
    value = request.members.get(name)
    if not isinstance(value, dict):
        raise InvalidRequestException(f"{name} must be given.")
    return value  # pyright: ignore[reportUnknownVariableType]


def _check(rule: dict[str, Any]) -> None:
    for member, low, high in (("Priority", 1, 10000), ("FixedRate", 0, 1), ("ReservoirSize", 0, 1 << 31)):
        value = rule.get(member)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise InvalidRequestException(f"SamplingRule.{member} must be a number from {low} to {high}.")


def _with_arn(owner: Owner, rule: dict[str, Any]) -> dict[str, Any]:
    return {**rule, "RuleARN": f"arn:aws:xray:{owner.region}:{owner.account}:sampling-rule/{rule['RuleName']}"}
