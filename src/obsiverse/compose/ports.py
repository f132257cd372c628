"""A port written as one text: `[[address:]published:]target[/protocol]`, each number or a range of numbers."""

from __future__ import annotations

import re
from typing import Any

PORT = re.compile(
    r"(?:(?P<ip>\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:]+\]):)?(?:(?P<published>\d*(?:-\d+)?):)?(?P<target>\d+(?:-\d+)?)(?:/(?P<protocol>tcp|udp))?",
    re.IGNORECASE,
)
LAST = 65535


def parse(short: str) -> list[dict[str, Any]]:
    """The long forms of a port, one for each of a range.

    Raises:
        ValueError: it is no port, or its ranges don't fit each other.
    """
    found = PORT.fullmatch(short)
    if found is None:
        raise ValueError(f"{short!r} is no port; write it as 8080:80 or 127.0.0.1:8080:80, with /udp if it is")
    targets = _numbers(found["target"], short)
    published = _numbers(found["published"], short) if found["published"] else None
    if published and len(published) != len(targets):
        raise ValueError(f"{short!r} has {len(published)} ports for {len(targets)}; write as many as there are")
    ports: list[dict[str, Any]] = []
    for index, target in enumerate(targets):
        port: dict[str, Any] = {"target": target}
        if published is not None:
            port["published"] = str(published[index])
        if found["ip"]:
            port["host_ip"] = found["ip"].strip("[]")
        if found["protocol"]:
            port["protocol"] = found["protocol"].lower()
        ports.append(port)
    return ports


def _numbers(text: str, short: str) -> range:
    first, _, last = text.partition("-")
    if not first:
        raise ValueError(f"{short!r} is no port; write a range as 8000-8010")
    numbers = range(int(first), int(last or first) + 1)
    if not numbers or not 1 <= numbers[0] <= numbers[-1] <= LAST:
        raise ValueError(f"{short!r} has a port that is not between 1 and {LAST}")
    return numbers
