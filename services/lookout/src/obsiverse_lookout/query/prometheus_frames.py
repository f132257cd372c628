"""Prometheus's results as data frames: series, tables, heatmaps, exemplars."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from obsiverse_lookout.jsons import listing, mapping
from obsiverse_lookout.query.frames import Field, Frame

LEGEND = re.compile(r"\{\{\s*(.+?)\s*\}\}")
AUTO = "__auto"
NAME = "__name__"
BUCKET = "le"
MOST_EXEMPLARS = 1000


def result_frames(data: Mapping[str, Any], step: int, legend: str, expr: str) -> list[Frame]:
    """A frame for each series of a matrix or a vector; one for a scalar or a text.

    Args:
        step: milliseconds between points.
        legend: legendFormat.
        expr: what names a series that has no labels.
    """
    kind, result = data.get("resultType"), data.get("result")
    if kind in ("scalar", "string") and result:
        return [_single(kind, result, expr)]
    frames: list[Frame] = []
    for series in listing(result):
        labels: dict[str, str] = mapping(series.get("metric"))
        points = series.get("values") if kind == "matrix" else [series["value"]] if "value" in series else []
        if not points:
            continue
        shown = legend_of(labels, legend, expr)
        frames.append(
            Frame(
                "",
                [
                    Field("Time", "time", [round(float(at) * 1000) for at, _ in points], config={"interval": step}),
                    Field(
                        labels.get(NAME, "Value"),
                        "number",
                        [float(value) for _, value in points],
                        labels,
                        {"displayNameFromDS": shown} if shown else None,
                    ),
                ],
                _meta(str(kind)),
            )
        )
    return frames


def _meta(kind: str) -> dict[str, Any]:
    types = {
        "matrix": ("timeseries-multi", [0, 1]),
        "vector": ("numeric-multi", [0, 1]),
        "scalar": ("numeric-multi", [0, 1]),
    }
    made: dict[str, Any] = {"custom": {"resultType": kind}}
    if kind in types:
        made["type"], made["typeVersion"] = types[kind]
    return made


def _single(kind: str, result: Sequence[Any], expr: str) -> Frame:
    at, value = result
    time = Field("Time", "time", [round(float(at) * 1000)])
    if kind == "string":
        return Frame("", [time, Field("Value", "string", [str(value)])], _meta(kind))
    return Frame("", [time, Field("Value", "number", [float(value)], config={"displayNameFromDS": expr})], _meta(kind))


def legend_of(labels: Mapping[str, str], legend: str, expr: str) -> str:
    """How a series is called; empty where that is the panel's to decide."""
    if legend == AUTO:
        return "" if labels else expr
    if legend:
        return LEGEND.sub(lambda found: labels.get(found[1], ""), legend)
    rest = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != NAME)
    if rest:
        return f"{labels.get(NAME, '')}{{{rest}}}"
    return labels.get(NAME) or expr


def table(frames: Sequence[Frame], value_name: str) -> Frame:
    """One table out of the series: a column for each label, a row for each point."""
    names = sorted({name for frame in frames for name in _labels(frame)}) if frames else []
    times: list[int] = []
    values: list[float] = []
    columns: dict[str, list[str]] = {name: [] for name in names}
    for frame in frames:
        points = len(frame.fields[0].values)
        labels = _labels(frame)
        times += frame.fields[0].values
        values += frame.fields[1].values
        for name, column in columns.items():
            column += [labels.get(name, "")] * points
    order = sorted(range(len(times)), key=times.__getitem__)
    kind = frames[0].meta.get("custom", {}).get("resultType", "vector") if frames else "vector"
    number: Any = frames[0].fields[1].type if frames else "number"
    fields = [Field("Time", "time", [times[index] for index in order])]
    fields += [
        Field(name, "string", [column[index] for index in order], config={"filterable": True})
        for name, column in columns.items()
    ]
    fields.append(Field(value_name, number, [values[index] for index in order]))
    return Frame("", fields, {"custom": {"resultType": kind}, "preferredVisualisationType": "table"})


def by_bucket(frames: Sequence[Frame]) -> list[Frame]:
    """Buckets of a histogram, the lowest first, each with its bound as its name; they stay cumulative, as Prometheus has them."""
    for frame in frames:
        if BUCKET in _labels(frame):
            frame.fields[1].config = {"displayNameFromDS": _labels(frame)[BUCKET]}
    return sorted(frames, key=_bound)


def _labels(frame: Frame) -> Mapping[str, str]:
    return (frame.fields[1].labels if len(frame.fields) > 1 else None) or {}


def _bound(frame: Frame) -> float:
    try:
        bound = float(_labels(frame)[BUCKET])
    except (KeyError, ValueError):
        return math.inf
    return math.inf if math.isnan(bound) else bound


def exemplar_frame(result: Sequence[Mapping[str, Any]], step: int) -> Frame | None:
    """One table of exemplars, the highest of each step, so that a panel has not more marks than it has points.

    Args:
        result: what /api/v1/query_exemplars gives.
        step: milliseconds.
    """
    chosen: dict[tuple[int, int], tuple[int, float, dict[str, str]]] = {}
    for number, series in enumerate(result):
        for exemplar in listing(series.get("exemplars")):
            at, value = round(float(exemplar["timestamp"]) * 1000), float(exemplar["value"])
            key = (number, at // step)
            if key not in chosen or chosen[key][1] < value:
                chosen[key] = (at, value, mapping(series.get("seriesLabels")) | mapping(exemplar.get("labels")))
    if not chosen:
        return None
    kept = sorted(chosen.values(), key=lambda one: one[1])[-MOST_EXEMPLARS:]
    kept.sort(key=lambda one: one[0])
    names = sorted({name for _, _, labels in kept for name in labels})
    fields = [
        Field("Time", "time", [at for at, _, _ in kept]),
        Field("Value", "number", [value for _, value, _ in kept]),
        *(Field(name, "string", [labels.get(name, "") for _, _, labels in kept]) for name in names),
    ]
    return Frame("exemplar", fields, {"custom": {"resultType": "exemplar"}})
