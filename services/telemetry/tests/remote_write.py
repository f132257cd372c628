"""Remote write as a sender makes it: a protobuf WriteRequest in snappy's block format.

https://prometheus.io/docs/specs/prw/remote_write_spec/ and https://github.com/google/snappy/blob/main/format_description.txt
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def write_request(series: Iterable[tuple[Mapping[str, str], float, float]]) -> bytes:
    """A body of one sample for each (labels, value, seconds since the epoch)."""
    return snappy(b"".join(_member(1, _time_series(*one)) for one in series))


def snappy(data: bytes) -> bytes:
    """Literals alone, which every reader of snappy takes."""
    parts = [_varint(len(data))]
    for start in range(0, len(data), 65536):
        literal = data[start : start + 65536]
        parts += [b"\xf4", struct.pack("<H", len(literal) - 1), literal]
    return b"".join(parts)


def _time_series(labels: Mapping[str, str], value: float, seconds: float) -> bytes:
    pairs = b"".join(
        _member(1, _member(1, name.encode()) + _member(2, text.encode())) for name, text in sorted(labels.items())
    )
    return pairs + _member(2, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(int(seconds * 1000)))


def _member(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    parts: list[int] = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
