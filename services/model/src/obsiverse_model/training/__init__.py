"""A training job: its environment and its script."""
