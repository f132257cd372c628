"""An execution environment: a task of the agent, the Runtime API that it asks, and what it prints."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obsiverse_client import AgentClient, AgentError

from obsiverse_aws.lambda_runtime.output import Output
from obsiverse_aws.lambda_runtime.runtime_api import Answer, Invocation, RuntimeApi
from obsiverse_aws.tasks import TASK

TEMPLATE = "lambda-python"
# Not obsiverse.resource, by which SageMaker's controller finds what belongs to it.
LABELS = {**TASK, "obsiverse.environment": "lambda"}
EXIT_SECONDS = 5.0
# Asking the agent takes as long as a short invocation.
MEASURE_SECONDS = 1.0


@dataclass(frozen=True)
class Host:
    """Where runtimes find this process.

    Attributes:
        listen: the address to listen at.
        name: the host name that tasks know it by.
    """

    listen: str
    name: str


@dataclass(frozen=True)
class Function:
    """What a version's environments have in common.

    Attributes:
        code: folder of the function's code.
        layers: folders of its layers, in their order.
        memory: MB.
    """

    arn: str
    code: Path
    layers: Sequence[Path]
    memory: int


class Environment:
    """A running environment. Starting it does not wait for the function to be loaded; `ready` does."""

    def __init__(self, agent: AgentClient, host: Host, task: str, function: Function, env: dict[str, str]) -> None:
        self._agent = agent
        self._task = task
        self._began = time.monotonic()
        self._measure_at = 0.0
        self._most_used: int | None = None
        self._api = RuntimeApi(host.listen)
        self._output = Output(host.listen, self._api.end)
        try:
            agent.put_archive(task, "/var/task", packed([function.code]))
            agent.put_archive(task, "/opt", packed(function.layers))
            agent.put_task(task, self._request(host, function, env))
        except AgentError:
            self.stop()
            raise

    def _request(self, host: Host, function: Function, env: dict[str, str]) -> dict[str, Any]:
        return {
            "template": TEMPLATE,
            "env": {
                **env,
                "AWS_LAMBDA_RUNTIME_API": f"{host.name}:{self._api.port}",
                "OBSIVERSE_LAMBDA_OUTPUT": f"{host.name}:{self._output.port}",
            },
            "labels": {**LABELS, "obsiverse.arn": function.arn},
            "limits": {"memory_bytes": function.memory * 1024 * 1024},
        }

    def ready(self, timeout: float) -> float:
        """Wait until the function is loaded; seconds since the start.

        Raises InitError, RuntimeEnded, TimeoutError.
        """
        return self._api.ready(timeout) - self._began

    def invoke(self, invocation: Invocation, timeout: float) -> Answer:
        """Raises RuntimeEnded, TimeoutError."""
        return self._api.invoke(invocation, timeout)

    def printed(self) -> str:
        """What was printed since the last call."""
        return self._output.drain()

    def memory_used(self) -> int | None:
        """The most bytes in use so far, as the agent was last asked, at most a second ago; None where it can't tell."""
        now = time.monotonic()
        if now >= self._measure_at:
            self._measure_at = now + MEASURE_SECONDS
            try:
                used = self._agent.stats(self._task)["rss_bytes"]
            except AgentError:
                return self._most_used
            self._most_used = max(used, self._most_used or 0)
        return self._most_used

    def exit(self) -> tuple[int | None, str | None]:
        """The exit code and the signal of a runtime that ended."""
        try:
            status = self._agent.wait(self._task, "exited", EXIT_SECONDS)
        except AgentError:
            return None, None
        name = "killed" if status["signal"] == "SIGKILL" else status["signal"]
        return status["exit_code"], name

    def stop(self) -> None:
        """End the task at once and forget it."""
        try:
            self._agent.stop(self._task, grace=0)
        except AgentError as error:
            if error.code != "not_found":
                raise
        finally:
            self._output.close()
            self._api.close()
        self._agent.delete(self._task)


def packed(folders: Sequence[Path]) -> bytes:
    """A tar of what is in some folders, later ones over earlier ones."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder in folders:
            for entry in sorted(folder.iterdir()):
                tar.add(entry, entry.name)
    return buffer.getvalue()


def end_left_over(agent: AgentClient) -> None:
    """End the environments of an edge that was killed: nobody serves their Runtime API any more."""
    for task in agent.tasks(LABELS):
        agent.stop(task["id"], grace=0)
        agent.delete(task["id"])
