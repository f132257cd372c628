"""CloudWatch metrics and alarms: LocalStack's provider with a store, statistics, metric math and alarms of our own."""
