"""What obsiverse's services share: the agent's client and a target's addresses. Standard library only."""

from obsiverse_client.agent import AgentClient
from obsiverse_client.errors import AgentError, AgentUnreachable
from obsiverse_client.target import Target, TargetError

__all__ = ["AgentClient", "AgentError", "AgentUnreachable", "Target", "TargetError"]
