"""Brings what runs in line with what an endpoint is to be.

`reconcile` looks at the state and at the agent, does the next thing, and is called again when either changes. It may be
cut off anywhere: the next call goes on from what is there.
"""

from __future__ import annotations

import logging
import time

from obsiverse_client import AgentClient, AgentUnreachable

from obsiverse_aws.sagemaker.artifacts import ModelArchives
from obsiverse_aws.sagemaker.instances import InstanceFailed, Instances, InstanceStatus
from obsiverse_aws.sagemaker.models import Deployment, Endpoint, Instance, Variant
from obsiverse_aws.sagemaker.routes import Routes
from obsiverse_aws.store import Gone, Key, Store
from obsiverse_aws.tasks import labels
from obsiverse_aws.work_queue import Retry, WorkQueue

_log = logging.getLogger(__name__)
MAX_REASON = 1024


class DeploymentFailed(Exception):
    """A deployment will not come up; the message is the endpoint's FailureReason."""


class Deployer:
    """Deploys endpoints, one thread at a time for each.

    Attributes:
        queue: the endpoints to look at.
    """

    def __init__(
        self, store: Store, agent: AgentClient, instances: Instances, archives: ModelArchives, routes: Routes
    ) -> None:
        self._store = store
        self._agent = agent
        self._instances = instances
        self._archives = archives
        self._routes = routes
        self.queue = WorkQueue[Key]("deployer", self._guarded)

    def _guarded(self, key: Key) -> None:
        try:
            self.reconcile(key)
        except Gone:
            return
        except AgentUnreachable as error:
            raise Retry(str(error)) from error

    def reconcile(self, key: Key) -> None:
        """Take an endpoint as far as it goes now.

        Raises Retry, AgentUnreachable; Gone where it was deleted.
        """
        endpoint = self._store.get(Endpoint, key)
        if endpoint.status == "Deleting":
            self._delete(endpoint)
            return
        if endpoint.pending is not None and self._advance(endpoint, endpoint.pending):
            endpoint = self._store.get(Endpoint, key)
        if endpoint.current is not None:
            self._keep(endpoint, endpoint.current)
        self._sweep(endpoint)

    def _advance(self, endpoint: Endpoint, pending: Deployment) -> bool:
        """Take a pending deployment further; whether it came to its end."""
        try:
            statuses = self._look(endpoint, pending)
            self._give_up(pending, statuses)
        except (InstanceFailed, DeploymentFailed) as error:
            self._roll_back(endpoint, str(error))
            return True
        if not all(status.healthy for status in statuses.values()):
            deadline = min(instance.since + variant.startup_seconds for variant, instance in pending.instances())
            # Nothing may happen until then, and nothing would look again.
            self.queue.add(endpoint.key, max(deadline - time.time(), 0) + 0.1)
            return False
        self._routes.put(endpoint.key, self._route(endpoint, pending, statuses))
        with self._store.change(Endpoint, endpoint.key) as changed:
            changed.current, changed.pending, changed.config = pending, None, pending.config
            changed.status, changed.failure_reason, changed.modified = "InService", None, time.time()
        self._drop_archives(endpoint, changed)
        _log.info("%s is in service", endpoint.arn)
        return True

    def _keep(self, endpoint: Endpoint, current: Deployment) -> None:
        """Replace instances that are missing, and route requests to those that are healthy."""
        try:
            statuses = self._look(endpoint, current)
        except InstanceFailed as error:
            raise Retry(f"an instance of {endpoint.name} can't be replaced: {error}") from error
        self._routes.put(endpoint.key, self._route(endpoint, current, statuses))
        if endpoint.status == "SystemUpdating":
            failed = [one for one in current.instances() if statuses[one[1].id].given_up]
            if failed:
                self._set_status(endpoint, "Failed", self._reason(*failed[0]))
            elif all(status.healthy for status in statuses.values()):
                self._set_status(endpoint, "InService", None)

    def _set_status(self, endpoint: Endpoint, status: str, reason: str | None) -> None:
        with self._store.change(Endpoint, endpoint.key) as changed:
            if changed.status == endpoint.status:
                changed.status, changed.failure_reason, changed.modified = status, reason, time.time()

    def _look(self, endpoint: Endpoint, deployment: Deployment) -> dict[str, InstanceStatus]:
        return {
            instance.id: self._instances.ensure(endpoint, variant, instance)
            for variant, instance in deployment.instances()
        }

    def _give_up(self, pending: Deployment, statuses: dict[str, InstanceStatus]) -> None:
        for variant, instance in pending.instances():
            late = time.time() > instance.since + variant.startup_seconds and not statuses[instance.id].healthy
            if late or statuses[instance.id].given_up:
                raise DeploymentFailed(self._reason(variant, instance))

    def _reason(self, variant: Variant, instance: Instance) -> str:
        words = self._instances.last_words(instance)
        reason = (
            f"The primary container for production variant {variant.name} did not pass the ping health check. "
            "Please check CloudWatch logs for this endpoint."
        )
        return (f"{reason} Its last output:\n{words}" if words else reason)[:MAX_REASON]

    def _roll_back(self, endpoint: Endpoint, reason: str) -> None:
        _log.warning("%s: %s", endpoint.arn, reason)
        with self._store.change(Endpoint, endpoint.key) as changed:
            changed.pending = None
            changed.status = "Failed" if changed.current is None else "InService"
            changed.failure_reason, changed.modified = reason[:MAX_REASON], time.time()
        self._drop_archives(endpoint, changed)

    def _drop_archives(self, before: Endpoint, after: Endpoint) -> None:
        for archive in before.archives() - after.archives():
            self._archives.delete(archive)

    def _route(
        self, endpoint: Endpoint, deployment: Deployment, statuses: dict[str, InstanceStatus]
    ) -> dict[str, object]:
        variants = [
            {
                "name": variant.name,
                "weight": variant.weight,
                "instances": [
                    {"id": instance.id, "task": instance.task, "url": statuses[instance.id].url}
                    for instance in variant.instances
                    if statuses[instance.id].healthy
                ],
            }
            for variant in deployment.variants
        ]
        return {"arn": endpoint.arn, "variants": variants}

    def _sweep(self, endpoint: Endpoint) -> None:
        """Delete what no deployment of the endpoint has any more."""
        for task in self._agent.tasks(labels(endpoint)):
            if task["id"] not in endpoint.tasks():
                self._instances.delete(task["id"])

    def _delete(self, endpoint: Endpoint) -> None:
        self._routes.delete(endpoint.key)
        for task in self._agent.tasks(labels(endpoint)):
            self._instances.delete(task["id"])
        self._store.delete(Endpoint, endpoint.key)
        for archive in endpoint.archives():
            self._archives.delete(archive)
        _log.info("%s is deleted", endpoint.arn)
