"""The data plane of CloudWatch Logs."""
