"""The Docker engine: Docker Compose starts and stops the services, and the engine's API tells how they are."""
