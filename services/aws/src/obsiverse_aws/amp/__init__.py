"""Managed Prometheus's control API; the data plane is services/telemetry's."""
