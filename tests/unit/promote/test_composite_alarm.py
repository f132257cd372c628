"""Rules of composite alarms. The API itself, which moto lacks, is met in tests/stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.kinds.cloudwatch_composite_alarm import CloudWatchCompositeAlarm, retargeted, watched
from obsiverse.promote.place import Place
from obsiverse.promote.session import ROOT
from obsiverse.promote.source import Source
from obsiverse.targets import load_target
from obsiverse.targets.models import Promotion
from tests.unit.promote.memory import target

HERE = "arn:aws:cloudwatch:us-east-1:000000000000:alarm"
NAMES = st.text(st.characters(exclude_characters='"', exclude_categories=("Cs", "Cc")), min_size=1).filter(str.strip)


class Alarms:
    """CloudWatch and SNS, as far as they list."""

    def __init__(self, alarms: list[dict[str, Any]]) -> None:
        self._alarms = alarms

    def get_paginator(self, operation: str) -> Any:
        return self

    def paginate(self, AlarmTypes: tuple[str, ...] = ()) -> list[dict[str, Any]]:  # noqa: N803 - boto3's name
        composite = "CompositeAlarm" in AlarmTypes
        found = [one for one in self._alarms if ("AlarmRule" in one) == composite]
        return [{"CompositeAlarms" if composite else "MetricAlarms": found, "Topics": []}]


def source(tmp_path: Path, *alarms: dict[str, Any], patterns: tuple[str, ...] = ("*",)) -> Source:
    class Here(Place):
        def client(self, service: str) -> Any:
            return Alarms(list(alarms))

    there = target(promote=Promotion(alarms=patterns))
    return Source(ROOT, there, Here(load_target("local", {})), tmp_path)


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("ALARM(a)", ["a"]),
        ('ALARM("errors, many") AND NOT OK(latency) OR INSUFFICIENT_DATA( "x" )', ["errors, many", "latency", "x"]),
        (f'ALARM("{HERE}:a") OR (TRUE AND FALSE)', [f"{HERE}:a"]),
        ('AT_LEAST(2, ALARM, (a, "b (old)", c)) AND ALARM(d)', ["d", "a", "b (old)", "c"]),
        ("AT_LEAST(50%, NOT OK, (a))", ["a"]),
        ("TRUE", []),
    ],
)
def test_the_alarms_of_a_rule_are_found(rule: str, names: list[str]):
    assert list(watched(rule)) == names


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_whatever_they_are_called(names: list[str]):
    rule = " OR ".join(f'ALARM("{name}")' for name in names)
    assert [one for one in watched(rule) if one in names] == names


def test_arns_in_a_rule_become_the_targets_and_names_stay(tmp_path: Path):
    rule = f'ALARM("{HERE}:a") AND OK("{HERE}:a-b") AND ALARM(us-east-1)'
    there = "arn:aws:cloudwatch:eu-west-1:222222222222:alarm"
    assert retargeted(source(tmp_path), rule) == f'ALARM("{there}:a") AND OK("{there}:a-b") AND ALARM(us-east-1)'


def test_one_comes_after_those_that_it_is_made_of(tmp_path: Path):
    plain = [{"AlarmName": name} for name in ("a", "b", "quiet")]
    inner = {"AlarmName": "inner", "AlarmRule": "ALARM(a)"}
    outer = {
        "AlarmName": "outer",
        "AlarmRule": f'ALARM("{HERE}:inner") AND ALARM(b)',
        "ActionsSuppressor": "quiet",
        "ActionsSuppressorWaitPeriod": 60,
        "ActionsSuppressorExtensionPeriod": 60,
    }
    found = {one.name: one for one in CloudWatchCompositeAlarm().desired(source(tmp_path, *plain, outer, inner))}
    assert found["inner"].after == {"cloudwatch-alarm/a"}
    assert found["outer"].after == {
        "cloudwatch-alarm/b",
        "cloudwatch-alarm/quiet",
        "cloudwatch-composite-alarm/inner",
    }


def test_one_whose_parts_stay_behind_is_refused(tmp_path: Path):
    alarms = {"AlarmName": "a"}, {"AlarmName": "both", "AlarmRule": "ALARM(a)"}
    with pytest.raises(PromoteError, match="both is made of a") as refused:
        list(CloudWatchCompositeAlarm().desired(source(tmp_path, *alarms, patterns=("both",))))
    assert "promote.alarms" in refused.value.hint
