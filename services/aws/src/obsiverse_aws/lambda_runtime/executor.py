"""LocalStack's executor of Lambda functions, by environments that are tasks of the agent."""

from __future__ import annotations

import json
import logging
import socket
import time
from functools import cache
from pathlib import Path
from typing import Any

from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import ArchiveCode, FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor
from obsiverse_client import AgentClient

from obsiverse_aws.lambda_runtime import report
from obsiverse_aws.lambda_runtime.environment import Environment, Function, Host, end_left_over
from obsiverse_aws.lambda_runtime.runtime_api import InitError, Invocation, RuntimeEnded
from obsiverse_aws.settings import settings

LOG = logging.getLogger(__name__)
# What LocalStack sets for its own runtime, or what the template knows better.
NOT_OURS = ("LOCALSTACK_", "EDGE_PORT", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_ENDPOINT_URL")
# On AWS a function that is not loaded within 10 s is loaded again as part of its first invocation.
INIT_SECONDS = 10.0


@cache
def agent() -> AgentClient:
    """The agent, rid of what an earlier edge left."""
    client = AgentClient(settings().agent)
    end_left_over(client)
    return client


def host() -> Host:
    """Where tasks find the edge: on this machine, or, where it listens for other containers, by its container's name."""
    listen = settings().listen.rpartition(":")[0]
    return Host("0.0.0.0", socket.gethostname()) if listen == "0.0.0.0" else Host("127.0.0.1", "127.0.0.1")  # noqa: S104


class TaskRuntimeExecutor(RuntimeExecutor):
    """One environment, made again when its runtime ended or was too slow."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002 - LocalStack's name
        super().__init__(id, function_version)
        self._env: dict[str, str] = {}
        self._environment: Environment | None = None
        self._init: float | None = None
        self._starts = 0

    def start(self, env_vars: dict[str, Any]) -> None:
        """Start the environment and wait until the function is loaded.

        Raises StatusErrorException with AWS's error document where it can't be.
        """
        own = self.function_version.config.environment or {}
        self._env = {
            name: str(value) for name, value in env_vars.items() if name in own or not name.startswith(NOT_OURS)
        }
        self._begin()

    def _begin(self) -> Environment:
        self._starts += 1
        task = f"lambda-{self.id}-{self._starts}"
        environment = self._environment = Environment(agent(), host(), task, self._function(), self._env)
        try:
            self._init = environment.ready(self._init_timeout)
        except (InitError, RuntimeEnded, TimeoutError) as error:
            LOG.warning("%s could not load its function: %s", task, environment.printed())
            document = self._init_error(environment, error)
            self.stop()
            raise StatusErrorException(f"{task} could not load its function", document) from error
        return environment

    def _init_error(self, environment: Environment, error: InitError | RuntimeEnded | TimeoutError) -> bytes:
        match error:
            case InitError():
                return error.payload
            case RuntimeEnded():
                return report.exited(self.id, *environment.exit())
            case TimeoutError():
                return report.timed_out(self.id, self._init_timeout)

    @property
    def _init_timeout(self) -> float:
        return max(INIT_SECONDS, self.function_version.config.timeout)

    def _function(self) -> Function:
        config = self.function_version.config
        layers = [_unpacked(layer.code) for layer in config.layers]
        return Function(self.function_version.qualified_arn, _unpacked(config.code), layers, config.memory_size)

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Run the function once."""
        request, config = payload["invoke-id"], self.function_version.config
        environment = self._environment or self._begin()
        init, self._init = self._init, None
        logs = report.start_line(request, self.function_version.id.qualifier)
        began = time.monotonic()
        invocation = Invocation(
            id=request,
            arn=payload["invoked-function-arn"],
            payload=payload["payload"].encode(),
            deadline=time.time() + config.timeout,
            trace=payload["trace-id"],
        )
        try:
            answer = environment.invoke(invocation, config.timeout)
            took = time.monotonic() - began
        except (RuntimeEnded, TimeoutError) as error:
            took = time.monotonic() - began
            is_late = isinstance(error, TimeoutError)
            document = (
                report.timed_out(request, config.timeout) if is_late else report.exited(request, *environment.exit())
            )
            logs += environment.printed()
            self.stop()
            logs += json.loads(document)["errorMessage"] + "\n"
            used, result, is_error = None, document, True
        else:
            logs += environment.printed()
            used, result, is_error = environment.memory_used(), answer.payload, answer.is_error
        if not logs.endswith("\n"):
            logs += "\n"
        logs += report.end_lines(request, took, config.memory_size, used, init)
        return InvocationResult(request_id=request, payload=result, is_error=is_error, logs=logs)

    @property
    def init_seconds(self) -> float | None:
        """How long the environment took to start, until its first invocation."""
        return self._init

    def stop(self) -> None:
        """End the environment; the next invocation makes another."""
        environment, self._environment = self._environment, None
        if environment is not None:
            environment.stop()

    def get_address(self) -> str:
        """Where the runtime is: it calls, and is never called."""
        return host().name

    def get_endpoint_from_executor(self) -> str:
        """Where the runtime finds the edge."""
        return host().name

    def get_runtime_endpoint(self) -> str:
        """LocalStack's own runtime asks here; ours asks the Runtime API of its environment."""
        return f"http://{host().name}"

    def get_logs(self) -> str:
        """What was printed and belongs to no invocation."""
        return self._environment.printed() if self._environment is not None else ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack a version's code and layers.

        Raises LambdaRuntimeException for a runtime that there is no template of.
        """
        runtime = function_version.config.runtime or "a container image"
        if not runtime.startswith("python"):
            raise LambdaRuntimeException(f"{runtime} is not run here: only Python is")
        for code in (function_version.config.code, *(layer.code for layer in function_version.config.layers)):
            _unpacked(code)

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Remove a version's unpacked code."""
        if function_version.config.code is not None:
            function_version.config.code.destroy_cached()


def _unpacked(code: ArchiveCode | None) -> Path:
    """The folder of a version's or a layer's code."""
    if code is None:
        raise LambdaRuntimeException("the version has no code")
    # Unpacked code is temporary, and a version outlives the edge's restart.
    code.prepare_for_execution()
    folder = code.get_unzipped_code_location()
    if folder is None:
        raise LambdaRuntimeException("the version's code can't be unpacked")
    return folder
