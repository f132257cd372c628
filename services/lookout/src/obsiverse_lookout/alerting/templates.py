"""`{{ $labels.x }}` or `{{ .Labels.x }}`, and `{{ $values.A }}`, in labels and annotations of alerts.

The part of Go's templates that alert rules use: https://grafana.com/docs/grafana/latest/alerting/alerting-rules/templates/reference/
What is not understood stays as it is, for the reader to see.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
LABEL = re.compile(r"(?:\$labels|\.Labels)\.(\w+)|index\s+(?:\$labels|\.Labels)\s+\"([^\"]+)\"")
VALUE = re.compile(
    r"(?:\$values|\.Values)\.(\w+)(?:\.Value)?|\(?index\s+(?:\$values|\.Values)\s+\"([^\"]+)\"\)?(?:\.Value)?"
)
PRINTF = re.compile(r"printf\s+\"%(?:\.(\d))?([fgde])([^\"%]*(?:%%)?)\"\s+(.+)")


def fill(text: str, labels: Mapping[str, str], values: Mapping[str, float], value: float | None) -> str:
    """A template filled in.

    Args:
        values: the rule's numbers by refId.
        value: the condition's.
    """
    return ACTION.sub(lambda found: _action(found[1], labels, values, value, found[0]), text)


def _action(
    action: str, labels: Mapping[str, str], values: Mapping[str, float], value: float | None, otherwise: str
) -> str:
    head, *functions = (part.strip() for part in action.split("|"))
    for name in FUNCTIONS:
        if head.startswith(f"{name} "):
            head, functions = head.removeprefix(name).strip(), [name, *functions]
    if found := LABEL.fullmatch(head):
        return labels.get(found[1] or found[2], "") if not functions else otherwise
    if found := PRINTF.fullmatch(head):
        number = _number(found[4].strip(), values, value)
        if number is None or functions:
            return otherwise
        kind = "d" if found[2] == "d" else f".{found[1] or 6}{found[2]}"
        return format(int(number) if kind == "d" else number, kind) + found[3].replace("%%", "%")
    number = _number(head, values, value)
    if number is None or any(name not in FUNCTIONS for name in functions):
        return otherwise
    if not functions:
        return f"{number:g}"
    return FUNCTIONS[functions[0]](number) if len(functions) == 1 else otherwise


def _number(text: str, values: Mapping[str, float], value: float | None) -> float | None:
    if text in ("$value", ".Value"):
        return value
    found = VALUE.fullmatch(text)
    return values.get(found[1] or found[2]) if found else None


def _humanize(number: float) -> str:
    if number == 0 or not math.isfinite(number):
        return f"{number:.4g}"
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "u")):
        if abs(number) >= factor:
            return f"{number / factor:.4g}{prefix}"
    return f"{number:.4g}"


def _humanize_duration(seconds: float) -> str:
    if not math.isfinite(seconds):
        return f"{seconds:.4g}"
    if abs(seconds) < 1:
        return f"{_humanize(seconds)}s"
    if abs(seconds) < 60:
        return f"{seconds:.4g}s"
    whole, parts = int(abs(seconds)), list[str]()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, whole = divmod(whole, size)
        if count or parts:
            parts.append(f"{count}{unit}")
    return ("-" if seconds < 0 else "") + " ".join(parts)


FUNCTIONS: dict[str, Callable[[float], str]] = {
    "humanize": _humanize,
    "humanizePercentage": lambda number: f"{number * 100:.4g}%",
    "humanizeDuration": _humanize_duration,
}
