"""What LocalStack finds by entry points: the executor, named `obsiverse`."""

from __future__ import annotations

from typing import Any

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class TaskRuntimeExecutorPlugin(RuntimeExecutorPlugin):
    """Functions as tasks of the agent."""

    name = "obsiverse"

    def load(self, *args: Any, **kwargs: Any) -> Any:
        """The executor's class."""
        from obsiverse_aws.lambda_runtime.traced import TracedExecutor

        return TracedExecutor
