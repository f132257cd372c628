"""The data plane of Managed Prometheus."""
