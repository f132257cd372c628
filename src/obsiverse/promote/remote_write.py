"""One sample as Prometheus's remote write has it: https://prometheus.io/docs/specs/prw/remote_write_spec/.

A protobuf message in snappy's block format, both written out: one short message needs neither's library, and snappy's format can hold
things as they are (https://github.com/google/snappy/blob/main/format_description.txt).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_TWO_BYTES_OF_LENGTH = 61


def sample(labels: Mapping[str, str], value: float, milliseconds: int) -> bytes:
    """A compressed WriteRequest with one sample of one series.

    Args:
        labels: with `__name__`; fewer than 60,000 bytes in all.
        milliseconds: since 1970.
    """
    series = b"".join(_bytes(1, _bytes(1, name.encode()) + _bytes(2, labels[name].encode())) for name in sorted(labels))
    point = b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(milliseconds)
    return _snappy(_bytes(1, series + _bytes(2, point)))


def _bytes(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])


def _snappy(content: bytes) -> bytes:
    length = struct.pack("<H", len(content) - 1)
    return _varint(len(content)) + bytes([_TWO_BYTES_OF_LENGTH << 2]) + length + content
