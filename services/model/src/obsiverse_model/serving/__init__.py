"""A model behind /ping and /invocations."""
