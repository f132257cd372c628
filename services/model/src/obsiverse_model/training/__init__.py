"""A training job: its environment, its source, its script."""
