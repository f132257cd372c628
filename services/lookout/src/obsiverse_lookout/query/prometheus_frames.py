"""Prometheus's results as data frames: series, tables, heatmaps, exemplars."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

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
    for series in result or []:
        labels: dict[str, str] = series.get("metric") or {}
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
    names = sorted({name for frame in frames for name in frame.fields[1].labels or {}}) if frames else []
    times: list[int] = []
    values: list[float] = []
    columns: dict[str, list[str]] = {name: [] for name in names}
    for frame in frames:
        points = len(frame.fields[0].values)
        labels = frame.fields[1].labels or {}
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


def heatmap(frames: Sequence[Frame]) -> list[Frame]:
    """Buckets as rows: a column for each upper bound, the counts no longer cumulative.

    Prometheus's buckets each count what is in the lower ones too.
    """
    bounded = [(frame, _bound(frame)) for frame in frames]
    rows = sorted(((frame, bound) for frame, bound in bounded if bound is not None), key=lambda row: row[1])
    if not rows:
        return list(frames)
    times = sorted({at for frame, _ in rows for at in frame.fields[0].values})
    below = dict.fromkeys(times, 0.0)
    fields = [Field("Time", "time", times, config=rows[0][0].fields[0].config)]
    at_bounds: dict[float, dict[int, float]] = {}
    # Several series of one bound, such as of two instances, add up.
    for frame, bound in rows:
        sums = at_bounds.setdefault(bound, {})
        for at, value in zip(frame.fields[0].values, frame.fields[1].values, strict=True):
            sums[at] = sums.get(at, 0.0) + (0.0 if math.isnan(value) else value)
    for bound, sums in at_bounds.items():
        counts = [max(0.0, sums[at] - below[at]) if at in sums else None for at in times]
        below |= sums
        label = "+Inf" if math.isinf(bound) else f"{bound:g}"
        fields.append(Field(label, "number", counts, {BUCKET: label}, {"displayNameFromDS": label}))
    return [Frame("", fields, {"type": "heatmap-rows", "custom": {"resultType": "matrix"}})]


def _bound(frame: Frame) -> float | None:
    labels = frame.fields[1].labels or {} if len(frame.fields) > 1 else {}
    # Where a legend makes names of buckets, the label is still what counts.
    try:
        bound = float(labels[BUCKET])
    except (KeyError, ValueError):
        return None
    return None if math.isnan(bound) else bound


def exemplar_frame(result: Sequence[Mapping[str, Any]], step: int) -> Frame | None:
    """One table of exemplars, the highest of each step, so that a panel has not more marks than it has points.

    Args:
        result: what /api/v1/query_exemplars gives.
        step: milliseconds.
    """
    chosen: dict[tuple[int, int], tuple[int, float, dict[str, str]]] = {}
    for number, series in enumerate(result):
        for exemplar in series.get("exemplars") or []:
            at, value = round(float(exemplar["timestamp"]) * 1000), float(exemplar["value"])
            key = (number, at // step)
            if key not in chosen or chosen[key][1] < value:
                chosen[key] = (at, value, {**(series.get("seriesLabels") or {}), **(exemplar.get("labels") or {})})
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
