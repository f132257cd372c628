"""Frames as JSON: what goes in comes out, numbers that JSON has none for included."""

from __future__ import annotations

import json
import math

from hypothesis import given
from hypothesis import strategies as st
from obsiverse_lookout.query.frames import Field, Frame, encode, number_at, to_json


@given(st.lists(st.none() | st.floats() | st.integers(-(2**53), 2**53)))
def test_every_number_survives(values: list[float | None]) -> None:
    frame = json.loads(encode([Frame("", [Field("Value", "number", values)])]))[0]
    read = [number_at(frame, 0, index) for index in range(len(values))]
    for before, after in zip(values, read, strict=True):
        assert before == after or (
            before is not None and after is not None and math.isnan(before) and math.isnan(after)
        )


@given(st.lists(st.text()), st.text(), st.dictionaries(st.text(), st.text()))
def test_every_text_survives(values: list[str], name: str, labels: dict[str, str]) -> None:
    frame = json.loads(encode([Frame(name, [Field(name, "string", values, labels)])]))[0]
    assert frame["data"]["values"] == [values]
    assert frame["schema"]["fields"][0].get("labels", {}) == labels


def test_schema_is_grafanas() -> None:
    frame = Frame(
        "up", [Field("Time", "time", [1], config={"interval": 5}), Field("Value", "number", [math.inf], {"a": "b"})]
    )
    frame.notice("cut")
    made = to_json(frame)
    assert made["schema"]["name"] == "up"
    assert made["schema"]["meta"]["notices"] == [{"severity": "warning", "text": "cut"}]
    assert made["schema"]["fields"][0] == {
        "name": "Time",
        "type": "time",
        "typeInfo": {"frame": "time.Time", "nullable": True},
        "config": {"interval": 5},
    }
    assert made["data"] == {"values": [[1], [None]], "entities": [None, {"Inf": [0]}]}
