"""Durations and sizes as Compose writes them."""

from __future__ import annotations

import re

_PART = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h|d|w)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_duration(text: str) -> float:
    """Seconds of a duration such as `1m30s`.

    Raises:
        ValueError: it is none.
    """
    if text == "0":
        return 0.0
    if not text or _PART.sub("", text):
        raise ValueError(f"{text!r} is no duration; write it as 1m30s")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def format_duration(seconds: float) -> str:
    """A duration as `docker compose config` prints it: `1m30s`, `200ms`."""
    micros = round(seconds * 1e6)
    if micros == 0:
        return "0s"
    if micros < 1_000_000:
        return f"{micros / 1000:g}ms" if micros >= 1000 else f"{micros}µs"
    hours, rest = divmod(micros, 3_600_000_000)
    minutes, rest = divmod(rest, 60_000_000)
    text = f"{rest / 1e6:.6f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def parse_size(text: str) -> int:
    """Bytes of a size such as `512m` or `1.5GB`; units are powers of 1024.

    Raises:
        ValueError: it is none.
    """
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no size; write it as 512m")
    return int(float(found[1]) * 1024 ** _POWERS[found[2].lower()])
