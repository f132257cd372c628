"""The native engine: order, waiting and reporting over the agent, as the Compose CLI is to dockerd."""
