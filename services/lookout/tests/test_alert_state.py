"""The states of alerts from one evaluation to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_lookout.alerting.rule import Rule, checked_model
from obsiverse_lookout.alerting.state import Outcome, RuleState, outcomes_of
from obsiverse_lookout.alerting.templates import fill
from obsiverse_lookout.expressions.values import Scalar


def rule(**members: Any) -> Rule:
    model = {"condition": "C", "data": [{"refId": "C", "model": {}}], **members}
    return Rule(1, 1, "uid", "folder", "group", 60, "Slow", "now", "", checked_model(model))


class Story:
    """A rule and what its evaluations find, a minute apart."""

    def __init__(self, **members: Any) -> None:
        self.rule, self.state, self.now = rule(**members), RuleState("v"), 0.0

    def see(self, *values: float | None, error: str = "") -> list[str]:
        outcomes = [Outcome({"zone": str(index)}, value) for index, value in enumerate(values)]
        return self.see_outcomes(outcomes, error)

    def see_outcomes(self, outcomes: Sequence[Outcome], error: str = "") -> list[str]:
        self.now += 60
        self.state.update(self.rule, "Ops", outcomes, self.now, error)
        return [alert.state for alert in self.state.alerts.values()]


def test_condition_has_to_hold_before_it_fires() -> None:
    story = Story(**{"for": "2m"})
    assert story.see(0) == ["Normal"]
    assert story.see(1) == ["Pending"]
    assert story.state.state == "pending"
    assert story.see(1) == ["Pending"]
    assert story.see(1) == ["Alerting"]
    assert story.state.state == "firing"
    assert story.see(0) == ["Normal"]
    assert story.see(1) == ["Pending"]
    assert story.see(0) == ["Normal"]


def test_condition_without_a_wait_fires_at_once_and_keeps_its_time() -> None:
    story = Story()
    assert story.see(1) == ["Alerting"]
    since = next(iter(story.state.alerts.values())).since
    story.see(1)
    assert next(iter(story.state.alerts.values())).since == since


def test_each_set_of_labels_has_its_own_state() -> None:
    story = Story()
    assert story.see(1, 0) == ["Alerting", "Normal"]
    assert story.see(1, 1) == ["Alerting", "Alerting"]


def test_it_goes_on_firing_for_a_while() -> None:
    story = Story(keep_firing_for="3m")
    story.see(1)
    assert story.see(0) == ["Recovering"]
    assert story.state.state == "firing"
    assert story.see(1) == ["Alerting"]
    assert [story.see(0), story.see(0), story.see(0)] == [["Recovering"], ["Recovering"], ["Normal"]]


def test_series_that_ends_is_forgotten() -> None:
    story = Story()
    story.see(1, 1)
    assert story.see(1) == ["Alerting", "Alerting"]
    assert story.see(1) == ["Alerting"]


@pytest.mark.parametrize(
    ("wanted", "expected", "health"),
    [
        ("NoData", ["NoData"], "nodata"),
        ("OK", ["Normal"], "nodata"),
        ("Alerting", ["Alerting"], "nodata"),
        ("KeepLast", ["Alerting"], "nodata"),
    ],
)
def test_no_data(wanted: str, expected: list[str], health: str) -> None:
    story = Story(noDataState=wanted)
    story.see(1)
    assert story.see() == expected
    assert story.state.health == health
    # A number that is missing is no data for its labels.
    story.see(1)
    assert story.see(math.nan) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("Error", ["Error"]), ("OK", ["Normal"]), ("Alerting", ["Alerting"]), ("KeepLast", ["Alerting"])],
)
def test_error(wanted: str, expected: list[str]) -> None:
    story = Story(execErrState=wanted)
    story.see(1)
    assert story.see(error="down") == expected
    assert (story.state.health, story.state.error) == ("error", "down")
    assert story.see(1) == ["Alerting"]
    assert story.state.health == "ok"


@given(
    st.lists(st.lists(st.none() | st.floats(), max_size=3), max_size=12), st.sampled_from(["0s", "90s"]), st.booleans()
)
def test_no_history_makes_an_unknown_state(history: list[list[float | None]], wait: str, fails: bool) -> None:
    story = Story(**{"for": wait, "keep_firing_for": wait})
    for values in history:
        states = story.see(*values, error="down" if fails and not values else "")
        assert set(states) <= {"Normal", "Pending", "Alerting", "Recovering", "NoData", "Error"}
        for value, alert in zip(values, story.state.alerts.values(), strict=False):
            if value is not None and value != 0 and not math.isnan(value) and wait == "0s":
                assert alert.state == "Alerting"


def test_alert_has_labels_of_rule_series_and_folder_and_texts_filled_in() -> None:
    story = Story(
        labels={"severity": "critical", "where": "{{ $labels.zone }}"},
        annotations={"summary": "{{ $labels.zone }} at {{ $values.B }}"},
    )
    outcomes = outcomes_of(
        "C", {"B": [Scalar(7.0, {"zone": "a"}), Scalar(9.0, {"zone": "b"})], "C": [Scalar(1.0, {"zone": "a"})]}
    )
    story.see_outcomes(outcomes)
    [alert] = story.state.alerts.values()
    assert alert.labels == {
        "zone": "a",
        "severity": "critical",
        "where": "a",
        "alertname": "Slow",
        "grafana_folder": "Ops",
    }
    assert alert.annotations["summary"] == "a at 7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ $labels.zone }}/{{ .Labels.zone }}/{{ $labels.none }}", "a/a/"),
        ('{{ index $labels "zone" }}', "a"),
        ("{{ $values.B }} {{ $values.B.Value }} {{ .Values.B.Value }} {{ $value }}", "0.25 0.25 0.25 1234.5"),
        ("{{ $values.B | humanizePercentage }} {{ humanize $value }}", "25% 1.234k"),
        ('{{ printf "%.1f" $value }} {{ printf "%.0f%%" $values.B }}', "1234.5 0%"),
        ("{{ $value | humanizeDuration }}", "20m 34s"),
        ("{{ range $labels }}x{{ end }}", "{{ range $labels }}x{{ end }}"),
        ("{{ $values.Z }}", "{{ $values.Z }}"),
        ("plain", "plain"),
    ],
)
def test_template(text: str, expected: str) -> None:
    assert fill(text, {"zone": "a"}, {"B": 0.25}, 1234.5) == expected


@given(st.text())
def test_any_text_is_a_template(text: str) -> None:
    assert isinstance(fill("{{" + text + "}}", {"zone": "a"}, {"B": 1.0}, math.inf), str)
