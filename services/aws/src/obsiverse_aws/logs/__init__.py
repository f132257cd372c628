"""CloudWatch Logs: control operations here, events in the data plane (services/telemetry)."""
