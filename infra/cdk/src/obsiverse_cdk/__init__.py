"""The platform on AWS as two stacks: what is there once, and the endpoints."""
