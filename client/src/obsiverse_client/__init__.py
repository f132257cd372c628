"""What obsiverse's services share: the agent's client and a target's addresses. Standard library only."""
