"""Durations and sizes as Compose writes them."""

from __future__ import annotations

import re

_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w)")
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9,
          "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9, "w": 604800 * 10**9}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtp]?)i?b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def parse_duration(text: str) -> float:
    """Seconds of a duration such as `1m30s`.

    Raises:
        ValueError: it is none.
    """
    if text == "0":
        return 0.0
    if not text or _PART.sub("", text):
        raise ValueError(f"{text!r} is no duration; write it as 1m30s")
    return sum(round(float(number) * _UNITS[unit]) for number, unit in _PART.findall(text)) / 1e9


def format_duration(seconds: float) -> str:
    """A duration as `docker compose config` prints it: `1m30s`, `200ms`."""
    nanos = round(seconds * 1e9)
    if nanos == 0:
        return "0s"
    for unit in ("ns", "µs", "ms"):
        if nanos < _UNITS[unit] * 1000:
            return f"{_decimal(nanos, _UNITS[unit])}{unit}"
    hours, rest = divmod(nanos, _UNITS["h"])
    minutes, rest = divmod(rest, _UNITS["m"])
    text = f"{_decimal(rest, _UNITS['s'])}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _decimal(nanos: int, unit: int) -> str:
    whole, rest = divmod(nanos, unit)
    fraction = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)


def parse_size(text: str) -> int:
    """Bytes of a size such as `512m` or `1.5GB`; units are powers of 1024.

    Raises:
        ValueError: it is none.
    """
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no size; write it as 512m")
    return int(float(found[1]) * 1024 ** _POWERS[found[2].lower()])
