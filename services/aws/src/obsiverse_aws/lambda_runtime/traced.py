"""The executor, with each invocation's segments sent to X-Ray."""

from __future__ import annotations

from localstack.services.lambda_.invocation.lambda_models import InvocationResult

from obsiverse_aws.lambda_runtime.executor import TaskRuntimeExecutor
from obsiverse_aws.tracing.plugins import function_tracing


class TracedExecutor(TaskRuntimeExecutor):
    """See `TaskRuntimeExecutor`; the function's spans get the function's segment as their parent."""

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Run the function once."""
        tracing = function_tracing()
        if tracing is None:
            return super().invoke(payload)
        version = self.function_version
        active = str(version.config.tracing_config_mode) == "Active"
        init = self.init_seconds
        traced = tracing.begin(payload["trace-id"], active=active)
        result = super().invoke({**payload, "trace-id": str(traced.header)})
        error = result.payload if result.is_error else None
        tracing.end(traced, version.qualified_arn, result.request_id, error, init=init)
        return result
