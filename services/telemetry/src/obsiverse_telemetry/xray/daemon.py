"""The X-Ray daemon's UDP protocol, which the X-Ray SDKs speak: a header line, then a segment document.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import structlog

from obsiverse_telemetry.xray.segment import Malformed, Stored, parse

HEADER = {"format": "json", "version": 1}
_log = structlog.get_logger()


class Daemon(asyncio.DatagramProtocol):
    """Hands each document on; what is none is logged, since the protocol has no answer."""

    def __init__(self, taken: Callable[[Stored], None]) -> None:
        self._taken = taken

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One datagram is one document."""
        header, _, document = data.partition(b"\n")
        try:
            if json.loads(header) != HEADER:
                raise Malformed("ParseError", "The header line is not that of JSON, version 1.")  # noqa: TRY301
            self._taken(parse(document.decode()))
        except (Malformed, ValueError) as error:
            _log.warning("a datagram is no segment", sender=addr[0], why=str(error))
