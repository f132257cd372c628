"""Data frames, and Grafana's JSON for them.

A frame is a list of equally long columns. In JSON `schema` says what they are and `data.values` holds them; numbers that JSON
has none for are null there and told in `data.entities`.
https://grafana.com/developers/plugin-tools/introduction/data-frames
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from obsiverse_lookout.jsons import listing, mapping

FieldType = Literal["time", "number", "string", "boolean", "other"]
# The Go types that Grafana's backend names beside its own.
GO_TYPES: dict[FieldType, str] = {
    "time": "time.Time",
    "number": "float64",
    "string": "string",
    "boolean": "bool",
    "other": "json.RawMessage",
}


@dataclass(slots=True)
class Field:
    """A column; times are milliseconds since the epoch."""

    name: str
    type: FieldType
    values: Sequence[Any]
    labels: Mapping[str, str] | None = None
    config: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Frame:
    """A table, or the points of one series."""

    name: str
    fields: list[Field]
    meta: dict[str, Any] = field(default_factory=dict[str, Any])
    ref_id: str = ""

    def notice(self, text: str, severity: Literal["info", "warning", "error"] = "warning") -> None:
        """Say something of the frame that a panel shows in its corner."""
        self.meta.setdefault("notices", []).append({"severity": severity, "text": text})


def to_json(frame: Frame) -> dict[str, Any]:
    """A frame as Grafana's JSON."""
    schema: dict[str, Any] = {"refId": frame.ref_id, "fields": [_field(each) for each in frame.fields]}
    if frame.name:
        schema["name"] = frame.name
    if frame.meta:
        schema["meta"] = frame.meta
    values: list[Sequence[Any]] = []
    entities: list[dict[str, list[int]] | None] = []
    for column in frame.fields:
        plain, odd = _finite(column.values) if column.type == "number" else (column.values, None)
        values.append(plain)
        entities.append(odd)
    data: dict[str, Any] = {"values": values}
    if any(entities):
        data["entities"] = entities
    return {"schema": schema, "data": data}


def encode(frames: Iterable[Frame]) -> bytes:
    """Frames as the JSON of a list of them."""
    return json.dumps([to_json(frame) for frame in frames], separators=(",", ":"), allow_nan=False).encode()


def _field(column: Field) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": column.name,
        "type": column.type,
        "typeInfo": {"frame": GO_TYPES[column.type], "nullable": True},
    }
    if column.labels:
        made["labels"] = column.labels
    if column.config:
        made["config"] = column.config
    return made


def _finite(values: Sequence[Any]) -> tuple[Sequence[Any], dict[str, list[int]] | None]:
    # One sum tells of nearly every column that it has nothing odd.
    try:
        if math.isfinite(sum(values)):
            return values, None
    except TypeError:
        pass
    odd: dict[str, list[int]] = {}
    plain = list(values)
    for index, value in enumerate(values):
        if value is None or math.isfinite(value):
            continue
        name = "NaN" if math.isnan(value) else "Inf" if value > 0 else "NegInf"
        odd.setdefault(name, []).append(index)
        plain[index] = None
    return plain, odd or None


def number_at(frame: Mapping[str, Any], column: int, index: int) -> float | None:
    """A number of a frame in JSON, entities put back."""
    value = frame["data"]["values"][column][index]
    if value is not None:
        return float(value)
    entities = listing(frame["data"].get("entities"))
    odd = mapping(entities[column]) if entities else {}
    for name, number in (("NaN", math.nan), ("Inf", math.inf), ("NegInf", -math.inf)):
        if index in odd.get(name, ()):
            return number
    return None
