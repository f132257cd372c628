"""Scenarios: what the platform is shown to do, done for real through its APIs."""
