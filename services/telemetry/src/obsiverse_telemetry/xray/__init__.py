"""The data plane of X-Ray."""
