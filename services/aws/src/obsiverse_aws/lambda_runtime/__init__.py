"""Lambda functions as tasks of the agent: the executor that LAMBDA_RUNTIME_EXECUTOR chooses, and the Runtime API that it serves."""
