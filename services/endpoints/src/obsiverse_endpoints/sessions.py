"""Stateful sessions: requests of one go to the instance that opened it.

https://docs.aws.amazon.com/sagemaker/latest/dg/stateful-sessions.html
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from obsiverse_endpoints.balancing import Instance
from obsiverse_endpoints.routes import RouteKey

MAX_SESSIONS = 10_000
NEW = "NEW_SESSION"


class Sessions:
    """The sessions that containers have opened; the longest unused are forgotten first."""

    def __init__(self) -> None:
        self._instances: OrderedDict[tuple[RouteKey, str], Instance] = OrderedDict()

    def find(self, key: RouteKey, session: str) -> Instance | None:
        """The instance of a session."""
        if session == NEW or (key, session) not in self._instances:
            return None
        self._instances.move_to_end((key, session))
        return self._instances[key, session]

    def note(self, key: RouteKey, instance: Instance, headers: Mapping[str, str]) -> None:
        """Keep or forget the session that an answer opens or closes."""
        opened, closed = (headers.get(f"X-Amzn-SageMaker-{what}-Session-Id") for what in ("New", "Closed"))
        if opened:
            # The id, and after a semicolon when it expires.
            self._instances[key, opened.partition(";")[0].strip()] = instance
            if len(self._instances) > MAX_SESSIONS:
                self._instances.popitem(last=False)
        if closed:
            self._instances.pop((key, closed.strip()), None)
