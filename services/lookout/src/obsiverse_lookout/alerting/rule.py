"""An alert rule in the words of Grafana's provisioning API, checked.

https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from obsiverse_lookout.database import Row
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.jsons import mapping
from obsiverse_lookout.query.interval import duration

NO_DATA_STATES = ("NoData", "Alerting", "OK", "KeepLast")
ERROR_STATES = ("Error", "Alerting", "OK", "KeepLast")
TITLE_MAX = 190


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        interval: seconds between evaluations, its group's.
        model: condition, data, for, labels and the like, named as in Grafana's API.
    """

    id: int
    org_id: int
    uid: str
    folder_uid: str
    group: str
    interval: int
    title: str
    updated: str
    provenance: str
    model: Mapping[str, Any]

    @property
    def pending_seconds(self) -> float:
        """How long its condition has to be met before it fires."""
        return duration(str(self.model["for"])) / 1000

    @property
    def keeps_firing_seconds(self) -> float:
        """How long it fires on once its condition is no longer met."""
        return duration(str(self.model["keep_firing_for"])) / 1000

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels for its alerts."""
        return self.model["labels"]

    @property
    def annotations(self) -> Mapping[str, str]:
        """Annotations for its alerts."""
        return self.model["annotations"]

    def to_json(self) -> dict[str, Any]:
        """The rule as the provisioning API gives it."""
        return {
            "id": self.id,
            "uid": self.uid,
            "orgID": self.org_id,
            "folderUID": self.folder_uid,
            "ruleGroup": self.group,
            "title": self.title,
            **self.model,
            "updated": self.updated,
            "provenance": self.provenance,
        }


def of_row(row: Row, model: Mapping[str, Any]) -> Rule:
    """A rule out of the database."""
    return Rule(
        row["id"],
        row["org_id"],
        row["uid"],
        row["folder_uid"],
        row["rule_group"],
        row["interval"],
        row["title"],
        row["updated"],
        row["provenance"],
        model,
    )


def checked_title(wanted: Mapping[str, Any]) -> str:
    """A rule's title; raises ApiError 400."""
    title = wanted.get("title")
    if not isinstance(title, str) or not title.strip():
        raise ApiError(400, "invalid alert rule: title is empty")
    if len(title) > TITLE_MAX:
        raise ApiError(400, f"invalid alert rule: title is longer than {TITLE_MAX} characters")
    return title


def checked_model(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What of a rule is kept, complete; raises ApiError 400 for a rule that can't be evaluated."""
    data = _data(wanted.get("data"))
    condition = wanted.get("condition")
    if condition not in [each["refId"] for each in data]:
        raise ApiError(400, f"invalid alert rule: condition {condition!r} is the refId of none of its queries")
    return {
        "condition": condition,
        "data": data,
        "noDataState": _one_of(wanted, "noDataState", NO_DATA_STATES),
        "execErrState": _one_of(wanted, "execErrState", ERROR_STATES),
        "for": _duration(wanted, "for"),
        "keep_firing_for": _duration(wanted, "keep_firing_for"),
        "annotations": _texts(wanted, "annotations"),
        "labels": _texts(wanted, "labels"),
        "isPaused": bool(wanted.get("isPaused")),
        "notification_settings": wanted.get("notification_settings"),
        "record": _no_record(wanted),
    }


def _data(data: object) -> list[dict[str, Any]]:
    if not isinstance(data, list) or not data:
        raise ApiError(400, "invalid alert rule: no queries or expressions are found in data")
    made: list[dict[str, Any]] = []
    for each in cast("list[object]", data):
        if not isinstance(each, dict):
            raise ApiError(400, "invalid alert rule: each of data is an object")
        query = cast("dict[str, Any]", each)
        model = query.get("model")
        if not isinstance(query.get("refId"), str) or not isinstance(model, dict):
            raise ApiError(400, "invalid alert rule: each of data has a refId and a model")
        if any(query["refId"] == other["refId"] for other in made):
            raise ApiError(400, f"invalid alert rule: two of data have the refId {query['refId']}")
        span = mapping(query.get("relativeTimeRange"))
        made.append(
            {
                "refId": query["refId"],
                "queryType": str(query.get("queryType") or ""),
                "relativeTimeRange": {"from": _seconds(span, "from"), "to": _seconds(span, "to")},
                "datasourceUid": str(query.get("datasourceUid") or ""),
                "model": model,
            }
        )
    return made


def _seconds(span: Mapping[str, Any], name: str) -> int:
    value = span.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**9:
        raise ApiError(400, f"invalid alert rule: relativeTimeRange.{name} is a number of seconds before now")
    return value


def _one_of(wanted: Mapping[str, Any], name: str, states: tuple[str, ...]) -> str:
    value = wanted.get(name) or states[0]
    if value not in states:
        raise ApiError(400, f"invalid alert rule: {name} is {value!r}; it can be {', '.join(states)}")
    return str(value)


def _duration(wanted: Mapping[str, Any], name: str) -> str:
    value = str(wanted.get(name) or "0s")
    try:
        duration(value)
    except ValueError as error:
        raise ApiError(400, f"invalid alert rule: {name}: {error}") from None
    return value


def _texts(wanted: Mapping[str, Any], name: str) -> dict[str, str]:
    value = cast("object", wanted.get(name) or {})
    if not isinstance(value, dict):
        raise ApiError(400, f"invalid alert rule: {name} is not an object of texts")
    return {str(key): str(text) for key, text in cast("dict[object, object]", value).items()}


def _no_record(wanted: Mapping[str, Any]) -> None:
    if wanted.get("record"):
        raise ApiError(400, "recording rules are not evaluated by Lookout; put them into Prometheus's own rule files")
