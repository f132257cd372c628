"""What expressions compute with: series and single numbers, each with labels.

Frames become values by the rules of https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/expression-queries/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from obsiverse_lookout.jsons import mapping
from obsiverse_lookout.query.frames import Field, Frame, number_at

Number = float | None


class ExpressionError(ValueError):
    """An expression that can't be computed."""


@dataclass(frozen=True)
class Scalar:
    """One number; None is known to be missing."""

    value: Number
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Series:
    """Numbers over time, in milliseconds since the epoch, the oldest first."""

    times: Sequence[int]
    values: Sequence[Number]
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


Value = Scalar | Series
# Several values of one query; none at all is no data.
Values = Sequence[Value]


def of_frames(frames: Sequence[Mapping[str, Any]]) -> list[Value]:
    """The values in frames in Grafana's JSON; raises ExpressionError for a frame without a number."""
    return [value for frame in frames for value in _of_frame(frame)]


def _of_frame(frame: Mapping[str, Any]) -> Iterator[Value]:
    columns = cast("list[dict[str, Any]]", frame["schema"]["fields"])
    rows = len(frame["data"]["values"][0]) if columns else 0
    if not rows:
        return
    times = [index for index, column in enumerate(columns) if column["type"] == "time"]
    numbers = [index for index, column in enumerate(columns) if column["type"] == "number"]
    texts = [index for index, column in enumerate(columns) if column["type"] == "string"]
    if not numbers:
        raise ExpressionError("the query's result has no number to compute with")
    kind = str(mapping(frame["schema"].get("meta")).get("type", ""))
    if kind.startswith("numeric") and not texts:
        for index in numbers:
            yield Scalar(number_at(frame, index, 0), mapping(columns[index].get("labels")))
    elif not times:
        for row in range(rows):
            labels = _labels(frame, columns, texts, row)
            for index in numbers:
                named = {} if len(numbers) == 1 else {"__name__": columns[index]["name"]}
                yield Scalar(number_at(frame, index, row), labels | named)
    else:
        yield from _series(frame, columns, times[0], numbers, texts)


def _series(
    frame: Mapping[str, Any],
    columns: Sequence[Mapping[str, Any]],
    time: int,
    numbers: Sequence[int],
    texts: Sequence[int],
) -> Iterator[Series]:
    at = cast("list[int]", frame["data"]["values"][time])
    for index in numbers:
        own = dict(mapping(columns[index].get("labels")))
        points: dict[tuple[tuple[str, str], ...], list[tuple[int, Number]]] = {}
        for row, moment in enumerate(at):
            labels = tuple((own | _labels(frame, columns, texts, row)).items())
            points.setdefault(labels, []).append((moment, number_at(frame, index, row)))
        for labels, found in points.items():
            found.sort(key=lambda point: point[0])
            yield Series([moment for moment, _ in found], [value for _, value in found], dict(labels))


def _labels(
    frame: Mapping[str, Any], columns: Sequence[Mapping[str, Any]], texts: Sequence[int], row: int
) -> dict[str, str]:
    return {columns[index]["name"]: str(frame["data"]["values"][index][row] or "") for index in texts}


def to_frames(ref_id: str, values: Values) -> list[Frame]:
    """An expression's values as frames."""
    frames: list[Frame] = []
    for value in values:
        if isinstance(value, Series):
            fields = [Field("Time", "time", value.times), Field(ref_id, "number", value.values, value.labels)]
            frames.append(Frame("", fields, {"type": "timeseries-multi", "typeVersion": [0, 1]}, ref_id))
        else:
            fields = [Field(ref_id, "number", [value.value], value.labels)]
            frames.append(Frame("", fields, {"type": "numeric-multi", "typeVersion": [0, 1]}, ref_id))
    return frames
