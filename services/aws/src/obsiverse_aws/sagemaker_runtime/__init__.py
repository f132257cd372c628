"""SageMaker Runtime: forwarded to the data plane, which is a service of its own."""
