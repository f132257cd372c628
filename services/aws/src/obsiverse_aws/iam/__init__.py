"""IAM: LocalStack's, with a policy simulator that evaluates policies."""
