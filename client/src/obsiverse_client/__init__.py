"""What obsiverse's services share: the agent's client and a target's addresses. Standard library only."""

from obsiverse_client.agent import AgentClient, AgentError, AgentUnreachable

__all__ = ["AgentClient", "AgentError", "AgentUnreachable"]
