"""X-Ray: all of it is in the data plane (services/telemetry)."""
