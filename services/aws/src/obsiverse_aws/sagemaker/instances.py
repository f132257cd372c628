"""Instances of an endpoint as tasks of the agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from obsiverse_client import AgentClient, AgentError

from obsiverse_aws.clients import Clients
from obsiverse_aws.sagemaker import images
from obsiverse_aws.sagemaker.artifacts import ArtifactError, ModelArchives
from obsiverse_aws.sagemaker.models import Endpoint, Instance, Variant
from obsiverse_aws.sagemaker.task_logs import LogStream, TaskLogs
from obsiverse_aws.tasks import credentials, labels

PORT = 8080
LAST_LINES = 5
DRAIN_SECONDS = 5.0
# The container is started this often before an endpoint that never was healthy is given up.
MAX_STARTS = 3


class InstanceFailed(Exception):
    """An instance can't be started, for a reason that trying again does not change."""


@dataclass(frozen=True)
class InstanceStatus:
    """What the agent says of an instance.

    Attributes:
        url: where it listens.
        healthy: it answers /ping.
        given_up: it ended so often that it will not turn healthy.
    """

    url: str
    healthy: bool
    given_up: bool


class Instances:
    """Starts, looks at and deletes the tasks of endpoints."""

    def __init__(self, agent: AgentClient, archives: ModelArchives, logs: TaskLogs) -> None:
        self._agent = agent
        self._archives = archives
        self._logs = logs

    def ensure(self, endpoint: Endpoint, variant: Variant, instance: Instance) -> InstanceStatus:
        """The status of an instance, started if it is not there.

        Raises InstanceFailed, AgentUnreachable.
        """
        try:
            status = self._agent.task(instance.task)
        except AgentError as error:
            if error.code != "not_found":
                raise
            status = self._start(endpoint, variant, instance)
        self._follow(endpoint, variant, instance)
        return _status(status)

    def _start(self, endpoint: Endpoint, variant: Variant, instance: Instance) -> dict[str, Any]:
        try:
            template = images.template(variant.image, variant.role)
            if variant.model_data is not None:
                self._archives.fetch(Clients(endpoint.account, endpoint.region).s3, variant.model_data, variant.archive)
                with self._archives.open(variant.archive, variant.model_data) as tar:
                    self._agent.put_archive(instance.task, "/opt/ml/model", tar)
            return self._agent.put_task(instance.task, _request(template, endpoint, variant, instance))
        except (images.ImageNotFound, ArtifactError, AgentError) as error:
            self._agent.delete(instance.task)
            raise InstanceFailed(str(error)) from error

    def _follow(self, endpoint: Endpoint, variant: Variant, instance: Instance) -> None:
        group, stream = f"/aws/sagemaker/Endpoints/{endpoint.name}", f"{variant.name}/{instance.id}"
        self._logs.follow(instance.task, lambda: LogStream(endpoint.account, endpoint.region, group, stream))

    def last_words(self, instance: Instance) -> str:
        """The last lines that an instance wrote."""
        try:
            return "\n".join(line for _, line in self._agent.logs(instance.task, tail=LAST_LINES))
        except AgentError:
            return ""

    def delete(self, task: str) -> None:
        """Stop a task, hand its last lines on, and forget it."""
        try:
            self._agent.stop(task)
        except AgentError as error:
            if error.code != "not_found":
                raise
        self._logs.drain(task, DRAIN_SECONDS)
        self._agent.delete(task)


def _request(template: str, endpoint: Endpoint, variant: Variant, instance: Instance) -> dict[str, Any]:
    attributes = {
        "aws.sagemaker.endpoint.name": endpoint.name,
        "aws.sagemaker.variant.name": variant.name,
        "service.instance.id": instance.id,
        "cloud.provider": "aws",
        "cloud.account.id": endpoint.account,
        "cloud.region": endpoint.region,
    }
    own = variant.environment.get("OTEL_RESOURCE_ATTRIBUTES")
    return {
        "template": template,
        "args": ["serve"],
        "env": {
            **variant.environment,
            **credentials(endpoint.account, endpoint.region),
            "SAGEMAKER_REGION": endpoint.region,
            "OTEL_RESOURCE_ATTRIBUTES": ",".join(
                [*([own] if own else []), *(f"{name}={value}" for name, value in attributes.items())]
            ),
        },
        "labels": labels(endpoint),
        "restart": {"policy": "always"},
    }


def is_healthy(status: dict[str, Any]) -> bool:
    """Whether the agent says of a task that it runs and passes its check."""
    return status["state"] == "running" and status["health"] in ("healthy", "none")


def _status(status: dict[str, Any]) -> InstanceStatus:
    host = next((port["host"] for port in status["ports"] if port["container"] == PORT), None)
    if host is None:
        raise InstanceFailed(f"the container of {status['id']} has no port {PORT}")
    return InstanceStatus(
        url=f"http://{status['hostname']}:{host}",
        healthy=is_healthy(status),
        given_up=status["state"] in ("exited", "stopped")
        or (status["healthy_at"] is None and status["restarts"] >= MAX_STARTS - 1),
    )
