"""Brings what runs in line with what an endpoint is to be.

`reconcile` looks at the state and at the agent, does the next thing, and is called again when either changes. It may be
cut off anywhere: the next call goes on from what is there. An instance gets requests before it is needed and loses them
before it ends, so that none is lost on the way.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from obsiverse_client import AgentClient, AgentUnreachable

from obsiverse_aws.sagemaker.artifacts import ModelArchives
from obsiverse_aws.sagemaker.instances import INSTANCE, InstanceFailed, Instances, InstanceStatus
from obsiverse_aws.sagemaker.models import Endpoint, Instance, Update, Variant
from obsiverse_aws.sagemaker.rollback_alarms import firing
from obsiverse_aws.sagemaker.route_document import route
from obsiverse_aws.sagemaker.routes import Routes
from obsiverse_aws.store import Gone, Key, Store
from obsiverse_aws.tasks import labels, labels_of
from obsiverse_aws.work_queue import Retry, WorkQueue

_log = logging.getLogger(__name__)
MAX_REASON = 1024
ALARM_SECONDS, DRAIN_SECONDS = 1.0, 0.2
"""How often alarms are looked at in an update, and instances that still answer requests before they are ended."""
Pairs = list[tuple[Variant, Instance]]
Statuses = dict[str, InstanceStatus]


class DeploymentFailed(Exception):
    """A deployment will not come up or may not stay; the message is the endpoint's FailureReason."""


class Deployer:
    """Deploys endpoints, one thread at a time for each.

    Args:
        waits: whether the endpoints of an account take the time that their updates are told to wait.

    Attributes:
        queue: the endpoints to look at.
        news: notified after each look.
    """

    def __init__(
        self,
        store: Store,
        agent: AgentClient,
        instances: Instances,
        archives: ModelArchives,
        routes: Routes,
        waits: Callable[[str], bool],
    ) -> None:
        self._store = store
        self._agent = agent
        self._instances = instances
        self._archives = archives
        self._routes = routes
        self._waits = waits
        self.news = threading.Condition()
        self.queue = WorkQueue[Key]("deployer", self._guarded)

    def _guarded(self, key: Key) -> None:
        try:
            self.reconcile(key)
        except Gone:
            self._end_all(key)
        except AgentUnreachable as error:
            raise Retry(str(error)) from error
        finally:
            with self.news:
                self.news.notify_all()

    def _end_all(self, key: Key) -> None:
        """End the tasks of an endpoint that is forgotten."""
        for task in self._agent.tasks(labels_of(Endpoint.KIND, key)):
            self._instances.delete(task["id"])

    def reconcile(self, key: Key) -> None:
        """Take an endpoint as far as it goes now.

        Raises Retry, AgentUnreachable; Gone where it was deleted.
        """
        endpoint = self._store.get(Endpoint, key)
        if endpoint.status == "Deleting":
            self._delete(endpoint)
            return
        if endpoint.update is not None:
            endpoint = (
                self._go_back(endpoint) if endpoint.status == "RollingBack" else self._go_on(endpoint, endpoint.update)
            )
        elif endpoint.current is not None:
            self._keep(endpoint)
        self._sweep(endpoint)

    def _go_on(self, endpoint: Endpoint, update: Update) -> Endpoint:
        """Take an update as many steps further as are due."""
        try:
            pending = self._look(endpoint, endpoint.wanted())
            self._give_up(endpoint.wanted(), pending)
            self._check(endpoint, update)
        except (InstanceFailed, DeploymentFailed) as error:
            return self._fail(endpoint, str(error))
        self._route(endpoint, pending)
        due = update.since + (update.hold if self._waits(endpoint.account) else 0.0)
        if time.time() < due or not (update.is_last or all(status.healthy for status in pending.values())):
            self._look_again(endpoint, update, due)
            return endpoint
        if update.is_last:
            return self._finish(endpoint)
        with self._store.change(Endpoint, endpoint.key) as changed:
            if changed.update is None or changed.status != endpoint.status:
                return changed
            changed.update.step, changed.update.since = update.step + 1, time.time()
            if changed.status == "Creating":
                changed.modified = changed.update.since
        return self._go_on(changed, changed.update)

    def _check(self, endpoint: Endpoint, update: Update) -> None:
        """Raise DeploymentFailed where an update may not go on."""
        alarms = firing(endpoint.key, update.alarms) if update.step >= 0 else []
        if alarms:
            raise DeploymentFailed(f"Rolled back, as alarms fired during the update: {', '.join(alarms)}.")
        if update.deadline is not None and time.time() > update.deadline:
            raise DeploymentFailed("Rolled back, as the update took longer than its MaximumExecutionTimeoutInSeconds.")

    def _look_again(self, endpoint: Endpoint, update: Update, due: float) -> None:
        """Have the endpoint looked at when something may be due that no event of the agent tells of."""
        now = time.time()
        late = [instance.since + variant.startup_seconds + 0.1 for variant, instance in endpoint.wanted()]
        delays = [at - now for at in (due, *late, update.deadline or 0.0) if at > now]
        if update.alarms and update.step >= 0:
            delays.append(ALARM_SECONDS)
        if delays:
            self.queue.add(endpoint.key, min(delays))

    def _finish(self, endpoint: Endpoint) -> Endpoint:
        assert endpoint.pending is not None
        with self._store.change(Endpoint, endpoint.key) as changed:
            changed.current, changed.pending, changed.update = endpoint.pending, None, None
            changed.config, changed.status = endpoint.pending.config, "InService"
            changed.failure_reason, changed.modified = None, time.time()
        self._drop_archives(endpoint, changed)
        _log.info("%s is in service", endpoint.arn)
        return changed

    def _fail(self, endpoint: Endpoint, reason: str) -> Endpoint:
        """Give up an update or a creation."""
        _log.warning("%s: %s", endpoint.arn, reason)
        with self._store.change(Endpoint, endpoint.key) as changed:
            changed.failure_reason, changed.modified = reason[:MAX_REASON], time.time()
            if changed.current is None:
                changed.pending, changed.update, changed.status = None, None, "Failed"
            else:
                changed.status = "RollingBack"
        self._drop_archives(endpoint, changed)
        return changed if changed.current is None else self._go_back(changed)

    def _go_back(self, endpoint: Endpoint) -> Endpoint:
        """Give the requests back to the current deployment once all of it is there, and end the pending one."""
        try:
            current = self._look(endpoint, endpoint.kept())
            pending = self._look(endpoint, endpoint.wanted())
        except InstanceFailed as error:
            raise Retry(f"an instance of {endpoint.name} can't be brought back: {error}") from error
        failed = any(status.given_up for status in current.values())
        if not failed and not all(status.healthy for status in current.values()):
            self._routes.put(endpoint.key, route(endpoint, current, pending))
            return endpoint
        with self._store.change(Endpoint, endpoint.key) as changed:
            changed.pending, changed.update = None, None
            changed.status, changed.modified = "UpdateRollbackFailed" if failed else "InService", time.time()
        self._routes.put(endpoint.key, route(changed, current, {}))
        self._drop_archives(endpoint, changed)
        return changed

    def _keep(self, endpoint: Endpoint) -> None:
        """Replace instances that are missing, and route requests to those that are healthy."""
        current = self._route(endpoint, {})
        if endpoint.status == "SystemUpdating":
            failed = [(variant, one) for variant, one in endpoint.kept() if current[one.id].given_up]
            if failed:
                self._set_status(endpoint, "Failed", self._reason(*failed[0]))
            elif all(status.healthy for status in current.values()):
                self._set_status(endpoint, "InService", None)

    def _set_status(self, endpoint: Endpoint, status: str, reason: str | None) -> None:
        with self._store.change(Endpoint, endpoint.key) as changed:
            if changed.status == endpoint.status:
                changed.status, changed.failure_reason, changed.modified = status, reason, time.time()

    def _route(self, endpoint: Endpoint, pending: Statuses) -> Statuses:
        """Route requests to what is healthy, and return the statuses of the current deployment."""
        try:
            current = self._look(endpoint, endpoint.kept())
        except InstanceFailed as error:
            raise Retry(f"an instance of {endpoint.name} can't be replaced: {error}") from error
        if current or (endpoint.update is not None and endpoint.update.share):
            self._routes.put(endpoint.key, route(endpoint, current, pending))
        return current

    def _look(self, endpoint: Endpoint, pairs: Pairs) -> Statuses:
        return {instance.id: self._instances.ensure(endpoint, variant, instance) for variant, instance in pairs}

    def _give_up(self, pairs: Pairs, statuses: Statuses) -> None:
        for variant, instance in pairs:
            status = statuses[instance.id]
            late = time.time() > instance.since + variant.startup_seconds and not status.healthy
            if late or status.given_up:
                raise DeploymentFailed(self._reason(variant, instance))

    def _reason(self, variant: Variant, instance: Instance) -> str:
        words = self._instances.last_words(instance)
        reason = (
            f"The primary container for production variant {variant.name} did not pass the ping health check. "
            "Please check CloudWatch logs for this endpoint."
        )
        return (f"{reason} Its last output:\n{words}" if words else reason)[:MAX_REASON]

    def _drop_archives(self, before: Endpoint, after: Endpoint) -> None:
        self._archives.drop(before.archives() - after.archives())

    def _sweep(self, endpoint: Endpoint) -> None:
        """End what no deployment of the endpoint has any more."""
        tasks = [task for task in self._agent.tasks(labels(endpoint)) if task["id"] not in endpoint.tasks()]
        self._end(endpoint, tasks)

    def _end(self, endpoint: Endpoint, tasks: Iterable[dict[str, object]]) -> bool:
        """End tasks; those of instances that still answer requests a little later. Whether all have ended."""
        left = list(tasks)
        busy = self._routes.draining() if left else set[str]()
        waiting = [task for task in left if _instance_of(task) in busy]
        for task in left:
            if task not in waiting:
                self._instances.delete(str(task["id"]))
        if waiting:
            self.queue.add(endpoint.key, DRAIN_SECONDS)
        return not waiting

    def _delete(self, endpoint: Endpoint) -> None:
        self._routes.delete(endpoint.key)
        if not self._end(endpoint, self._agent.tasks(labels(endpoint))):
            return
        self._store.delete(Endpoint, endpoint.key)
        self._archives.drop(endpoint.archives())
        _log.info("%s is deleted", endpoint.arn)


def _instance_of(task: dict[str, object]) -> str:
    spec: dict[str, dict[str, str]] = task["spec"]  # pyright: ignore[reportAssignmentType] - the agent's JSON
    return spec["labels"].get(INSTANCE, "")
