"""One JSON object a line on stderr, from this package and from the libraries it runs on."""

from __future__ import annotations

import logging
import sys
import time

import structlog

_QUIET_SECONDS = 300


class OncePerWhile(logging.Filter):
    """Lets a message of some loggers pass once in five minutes: an absent collector is worth a line, not one every 5 s.

    Args:
        prefix: of the loggers' names.
    """

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is shown."""
        if not record.name.startswith(self._prefix):
            return True
        message = (record.name, str(record.msg))
        now = time.monotonic()
        if now - self._last.get(message, -_QUIET_SECONDS) < _QUIET_SECONDS:
            return False
        self._last[message] = now
        return True


def configure() -> None:
    """Set up structlog and the standard library's logging alike."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(OncePerWhile("opentelemetry"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
