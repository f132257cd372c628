"""Instances of an endpoint as tasks of the agent: one for each container of a variant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from obsiverse_client import AgentClient, AgentError

from obsiverse_aws.clients import Clients
from obsiverse_aws.sagemaker import images
from obsiverse_aws.sagemaker.artifacts import ArtifactError, ModelArchives
from obsiverse_aws.sagemaker.models import Container, Endpoint, Instance, Variant
from obsiverse_aws.sagemaker.task_logs import LogStream, TaskLogs
from obsiverse_aws.tasks import credentials, labels

PORT = 8080
LAST_LINES = 5
DRAIN_SECONDS = 5.0
# The container is started this often before an endpoint that never was healthy is given up.
MAX_STARTS = 3
INSTANCE, VARIANT = "obsiverse.instance", "obsiverse.variant"


class InstanceFailed(Exception):
    """An instance can't be started, for a reason that trying again does not change."""


@dataclass(frozen=True)
class InstanceStatus:
    """What the agent says of an instance.

    Attributes:
        containers: hostname and URL of each, in the order of the variant's.
        healthy: all answer /ping.
        given_up: one ended so often that it will not turn healthy.
    """

    containers: list[tuple[str, str]]
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
        tasks = [
            self._ensure(endpoint, variant, instance, container, task)
            for container, task in zip(variant.containers, instance.tasks, strict=True)
        ]
        return InstanceStatus(
            containers=[(one.hostname, _url(task)) for one, task in zip(variant.containers, tasks, strict=True)],
            healthy=all(is_healthy(task) for task in tasks),
            given_up=any(_is_given_up(task) for task in tasks),
        )

    def _ensure(
        self, endpoint: Endpoint, variant: Variant, instance: Instance, container: Container, task: str
    ) -> dict[str, Any]:
        try:
            status = self._agent.task(task)
        except AgentError as error:
            if error.code != "not_found":
                raise
            status = self._start(endpoint, variant, instance, container, task)
        self._follow(endpoint, variant, instance, container, task)
        return status

    def _start(
        self, endpoint: Endpoint, variant: Variant, instance: Instance, container: Container, task: str
    ) -> dict[str, Any]:
        try:
            template = images.template(container.image, variant.role)
            if container.model_data is not None and not container.multi_model:
                self._put_model(endpoint, container, task, container.model_data)
            return self._agent.put_task(task, _request(template, endpoint, variant, instance, container))
        except (images.ImageNotFound, ArtifactError, AgentError) as error:
            self._agent.delete(task)
            raise InstanceFailed(str(error)) from error

    def _put_model(self, endpoint: Endpoint, container: Container, task: str, uri: str) -> None:
        self._archives.fetch(Clients(endpoint.account, endpoint.region).s3, uri, container.archive)
        with self._archives.open(container.archive, uri) as tar:
            self._agent.put_archive(task, "/opt/ml/model", tar)

    def _follow(
        self, endpoint: Endpoint, variant: Variant, instance: Instance, container: Container, task: str
    ) -> None:
        group, stream = f"/aws/sagemaker/Endpoints/{endpoint.name}", f"{variant.name}/{instance.id}"
        if len(variant.containers) > 1:
            stream = f"{stream}/{container.hostname}"

        def sink() -> LogStream:
            made = LogStream(endpoint.account, endpoint.region, group, stream)
            note = images.difference(container.image)
            if note is not None:
                made([(instance.since, note)])
            return made

        self._logs.follow(task, sink)

    def last_words(self, instance: Instance) -> str:
        """The last lines that an instance's containers wrote."""
        lines: list[str] = []
        for task in instance.tasks:
            try:
                lines += [line for _, line in self._agent.logs(task, tail=LAST_LINES)]
            except AgentError:
                continue
        return "\n".join(lines)

    def delete(self, task: str) -> None:
        """Stop a task, hand its last lines on, and forget it."""
        try:
            self._agent.stop(task)
        except AgentError as error:
            if error.code != "not_found":
                raise
        self._logs.drain(task, DRAIN_SECONDS)
        self._agent.delete(task)


def _request(
    template: str, endpoint: Endpoint, variant: Variant, instance: Instance, container: Container
) -> dict[str, Any]:
    attributes = {
        "aws.sagemaker.endpoint.name": endpoint.name,
        "aws.sagemaker.variant.name": variant.name,
        "service.instance.id": instance.id,
        # What answers, and on what: the rules of prometheus/rules/cost.yml read these two.
        "service.version": variant.model,
        "host.type": variant.instance_type,
        "cloud.provider": "aws",
        "cloud.account.id": endpoint.account,
        "cloud.region": endpoint.region,
    }
    own = container.environment.get("OTEL_RESOURCE_ATTRIBUTES")
    return {
        "template": template,
        "args": ["serve"],
        "env": {
            # Whose metrics are read, or not wanted, does not send them too.
            **({"OTEL_METRICS_EXPORTER": "none"} if variant.observed is not None else {}),
            **container.environment,
            **credentials(endpoint.account, endpoint.region),
            "SAGEMAKER_REGION": endpoint.region,
            "OTEL_RESOURCE_ATTRIBUTES": ",".join(
                [*([own] if own else []), *(f"{name}={value}" for name, value in attributes.items())]
            ),
            **({"SAGEMAKER_MULTI_MODEL": "true"} if container.multi_model else {}),
        },
        "labels": {**labels(endpoint), VARIANT: variant.name, INSTANCE: instance.id},
        "restart": {"policy": "always"},
    }


def is_healthy(task: dict[str, Any]) -> bool:
    """Whether the agent says of a task that it runs and passes its check."""
    return task["state"] == "running" and task["health"] in ("healthy", "none")


def _is_given_up(task: dict[str, Any]) -> bool:
    ended = task["state"] in ("exited", "stopped")
    return ended or (task["healthy_at"] is None and task["restarts"] >= MAX_STARTS - 1)


def _url(task: dict[str, Any]) -> str:
    host = next((port["host"] for port in task["ports"] if port["container"] == PORT), None)
    if host is None:
        raise InstanceFailed(f"the container of {task['id']} has no port {PORT}")
    return f"http://{task['hostname']}:{host}"
