"""The agent, as the providers use it."""

from __future__ import annotations

from obsiverse_client import AgentClient, AgentUnreachable

from obsiverse_aws.errors import ServiceUnavailable

PATIENCE = 2.0
"""How long a caller of an AWS API waits for an agent that is being started again, in seconds."""


class Agent:
    """Whether tasks can be started now.

    Args:
        address: `unix:///path`.
    """

    def __init__(self, address: str) -> None:
        self._client = AgentClient(address, patience=PATIENCE)

    def require(self) -> None:
        """Raise ServiceUnavailable where the agent does not answer."""
        try:
            self._client.health()
        except AgentUnreachable as error:
            raise ServiceUnavailable(f"Nothing can be started: {error}") from error
