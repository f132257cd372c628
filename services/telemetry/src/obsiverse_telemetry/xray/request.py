"""A call of the API: who, and the members of its body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from obsiverse_telemetry.xray.errors import InvalidRequestException
from obsiverse_telemetry.xray.store import Owner


@dataclass(frozen=True)
class Request:
    """One call."""

    owner: Owner
    members: dict[str, Any]

    def text(self, name: str) -> str:
        """A required string."""
        value = self.members.get(name)
        if not isinstance(value, str) or not value:
            raise InvalidRequestException(f"{name} must be given as a string.")
        return value

    def optional_text(self, name: str) -> str | None:
        """A string, or None where it is not given."""
        return None if self.members.get(name) is None else self.text(name)

    def seconds(self, name: str) -> float:
        """A required time, Unix seconds."""
        value = self.members.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidRequestException(f"{name} must be given as seconds since 1970.")
        return float(value)

    def span(self, longest: float) -> tuple[float, float]:
        """StartTime and EndTime, at most `longest` seconds apart."""
        start, end = self.seconds("StartTime"), self.seconds("EndTime")
        if start > end:
            raise InvalidRequestException("StartTime must not be after EndTime.")
        # SDKs send whole seconds, so that a span of the longest length may seem to be one longer.
        if end - start > longest + 1:
            raise InvalidRequestException(f"The time range may be {longest / 3600:.0f} hours at most.")
        return start, end

    def texts(self, name: str, most: int) -> list[str]:
        """A required list of strings."""
        values = self.members.get(name)
        found: list[Any] = cast("list[Any]", values) if isinstance(values, list) else [None]
        if not all(isinstance(one, str) for one in found):
            raise InvalidRequestException(f"{name} must be given as a list of strings.")
        if len(found) > most:
            raise InvalidRequestException(f"{name} may have {most} members at most.")
        return found


Operation = Callable[[Request], dict[str, Any]]
