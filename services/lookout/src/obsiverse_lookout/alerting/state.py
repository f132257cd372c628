"""The state of a rule's alerts: Normal, Pending, Alerting, NoData or Error, from one evaluation to the next.

https://grafana.com/docs/grafana/latest/alerting/fundamentals/alert-rule-evaluation/
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from obsiverse_lookout.alerting.rule import Rule
from obsiverse_lookout.alerting.templates import fill
from obsiverse_lookout.expressions.values import Scalar

State = Literal["Normal", "Pending", "Alerting", "Recovering", "NoData", "Error"]
Labels = tuple[tuple[str, str], ...]
# A series that has been away for so many evaluations has ended.
MISSED = 2


@dataclass(frozen=True)
class Outcome:
    """What an evaluation found for one set of labels.

    Attributes:
        value: the condition's number; other than 0 it is met. None where there was no data.
        values: the numbers of the other expressions, by refId.
    """

    labels: Mapping[str, str]
    value: float | None
    values: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass
class Alert:
    """One alert of a rule; times are seconds since the epoch.

    Attributes:
        since: when it came to its state.
        met_until: when its condition was met last.
        missed: evaluations since it was seen.
    """

    labels: dict[str, str]
    annotations: dict[str, str]
    state: State
    since: float
    value: float | None
    met_until: float
    missed: int = 0

    @property
    def firing(self) -> bool:
        """It would be sent to someone."""
        return self.state in ("Alerting", "Recovering", "NoData", "Error")


@dataclass
class RuleState:
    """A rule's alerts, and how its last evaluation went."""

    version: str
    alerts: dict[Labels, Alert] = field(default_factory=dict[Labels, Alert])
    evaluated: float | None = None
    took: float = 0.0
    error: str = ""
    no_data: bool = False

    @property
    def state(self) -> Literal["firing", "pending", "inactive"]:
        """The rule's, as Prometheus names it."""
        states = {alert.state for alert in self.alerts.values()}
        return "firing" if states & {"Alerting", "Recovering"} else "pending" if "Pending" in states else "inactive"

    @property
    def health(self) -> Literal["ok", "error", "nodata"]:
        """Whether it could be evaluated."""
        return "error" if self.error else "nodata" if self.no_data else "ok"

    def update(self, rule: Rule, folder: str, outcomes: Sequence[Outcome], now: float, error: str = "") -> None:
        """Go on with what an evaluation found.

        Args:
            folder: the title of the rule's folder.
            outcomes: one for each set of labels; none is no data.
            error: why there are none.
        """
        self.evaluated, self.error, self.no_data = now, error, not error and not outcomes
        if error or not outcomes:
            self._without_data(rule, folder, now, error)
            return
        seen: set[Labels] = set()
        for outcome in outcomes:
            key = tuple(sorted(outcome.labels.items()))
            seen.add(key)
            self._step(key, rule, folder, outcome, now)
        for key, alert in list(self.alerts.items()):
            if key not in seen:
                alert.missed += 1
                if alert.missed >= MISSED or alert.state in ("NoData", "Error"):
                    del self.alerts[key]

    def _step(self, key: Labels, rule: Rule, folder: str, outcome: Outcome, now: float) -> None:
        met = _met(outcome.value)
        before = self.alerts.get(key)
        alert = _alert(rule, folder, outcome, now)
        if before is not None:
            alert.state, alert.since, alert.met_until = before.state, before.since, before.met_until
        if met is None:
            self._absent(alert, rule, now, met_before=before)
        elif met:
            alert.met_until = now
            if alert.state not in ("Pending", "Alerting"):
                _enter(alert, "Alerting" if alert.state == "Recovering" else "Pending", now)
            if alert.state == "Pending" and now - alert.since >= rule.pending_seconds:
                _enter(alert, "Alerting", now)
        elif alert.state in ("Alerting", "Recovering") and now - alert.met_until < rule.keeps_firing_seconds:
            _enter(alert, "Recovering", now)
        else:
            _enter(alert, "Normal", now)
        self.alerts[key] = alert

    def _absent(self, alert: Alert, rule: Rule, now: float, met_before: Alert | None) -> None:
        wanted = rule.model["noDataState"]
        if wanted == "KeepLast":
            return
        if wanted == "Alerting":
            if met_before is None or alert.state not in ("Pending", "Alerting"):
                _enter(alert, "Pending", now)
            if now - alert.since >= rule.pending_seconds:
                _enter(alert, "Alerting", now)
            return
        _enter(alert, "Normal" if wanted == "OK" else "NoData", now)

    def _without_data(self, rule: Rule, folder: str, now: float, error: str) -> None:
        wanted = rule.model["execErrState" if error else "noDataState"]
        if wanted == "KeepLast" and self.alerts:
            return
        if wanted in ("Alerting", "KeepLast", "OK"):
            self._as_if(rule, folder, now, met=wanted == "Alerting")
            return
        state: State = "Error" if error else "NoData"
        before = next((alert for alert in self.alerts.values() if alert.state == state), None)
        alert = _alert(rule, folder, Outcome({}, None), now)
        alert.labels |= {"alertname": "DatasourceError" if error else "DatasourceNoData", "rulename": rule.title}
        alert.state, alert.since = state, before.since if before else now
        if error:
            alert.annotations["Error"] = error
        self.alerts = {(): alert}

    def _as_if(self, rule: Rule, folder: str, now: float, *, met: bool) -> None:
        known = [Outcome(dict(key), float(met)) for key in self.alerts] or [Outcome({}, float(met))]
        for outcome in known:
            self._step(tuple(sorted(outcome.labels.items())), rule, folder, outcome, now)


def outcomes_of(condition: str, results: Mapping[str, Sequence[Scalar]]) -> list[Outcome]:
    """What the numbers of an evaluation say, by refId."""
    made: list[Outcome] = []
    for scalar in results[condition]:
        values: dict[str, float] = {}
        for ref_id, others in results.items():
            for other in others:
                # The numbers behind a condition have its labels, or fewer.
                if other.value is not None and other.labels.items() <= scalar.labels.items():
                    values[ref_id] = other.value
        made.append(Outcome(scalar.labels, scalar.value, values))
    return made


def _met(value: float | None) -> bool | None:
    return None if value is None or math.isnan(value) else value != 0


def _alert(rule: Rule, folder: str, outcome: Outcome, now: float) -> Alert:
    own = {key: value for key, value in outcome.labels.items() if key != "__name__"}
    value = next((outcome.values[ref] for ref in outcome.values if ref != rule.model["condition"]), outcome.value)
    labels = {key: fill(text, own, outcome.values, value) for key, text in rule.labels.items()}
    annotations = {key: fill(text, own, outcome.values, value) for key, text in rule.annotations.items()}
    named = own | labels | {"alertname": rule.title, "grafana_folder": folder}
    return Alert(named, annotations, "Normal", now, outcome.value, 0.0)


def _enter(alert: Alert, state: State, now: float) -> None:
    if alert.state != state:
        alert.state, alert.since = state, now
