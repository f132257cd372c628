"""Keeps what SageMaker believes and what the agent runs the same: at start, and after each event of the agent."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from obsiverse_client import AgentClient, AgentError, AgentUnreachable

from obsiverse_aws.sagemaker.artifacts import ModelArchives
from obsiverse_aws.sagemaker.deployment import Deployer
from obsiverse_aws.sagemaker.instances import is_healthy
from obsiverse_aws.sagemaker.models import Endpoint, EndpointConfig, Model, TrainingJob
from obsiverse_aws.sagemaker.routes import Routes
from obsiverse_aws.sagemaker.training_run import TrainingRuns
from obsiverse_aws.store import Store
from obsiverse_aws.tasks import TASK, owner
from obsiverse_aws.work_queue import Retry

_log = logging.getLogger(__name__)
PAUSE = 1.0


class Controller:
    """Watches the agent.

    Endpoints are looked at again whenever one of their tasks changes. Training jobs have threads that wait for theirs.
    """

    def __init__(
        self,
        store: Store,
        agent: AgentClient,
        deployer: Deployer,
        runs: TrainingRuns,
        routes: Routes,
        archives: ModelArchives,
    ) -> None:
        self._store = store
        self._agent = agent
        self._deployer = deployer
        self._runs = runs
        self._routes = routes
        self._archives = archives
        self._closing = threading.Event()

    def prepare(self) -> None:
        """Mark the endpoints whose instances are not healthy, so that InService means that an endpoint answers.

        To be called before the first request; it is AWS's status for what an endpoint goes through by itself.
        """
        try:
            healthy = {task["id"] for task in self._agent.tasks(TASK) if is_healthy(task)}
        except AgentUnreachable as error:
            _log.warning("endpoints are taken for what they were: %s", error)
            return
        for endpoint in self._store.all(Endpoint):
            if endpoint.status == "InService" and not endpoint.tasks() <= healthy:
                with self._store.change(Endpoint, endpoint.key) as changed:
                    changed.status = "SystemUpdating"

    def start(self) -> None:
        """Take over what an earlier edge left, and begin to watch."""
        self._archives.keep_only({name for endpoint in self._store.all(Endpoint) for name in endpoint.archives()})
        for job in self._store.all(TrainingJob):
            if job.active:
                self._runs.start(job.key)
        threading.Thread(target=self._watch, name="agent-events", daemon=True).start()

    def close(self) -> None:
        """Leave things as they are; the edge ends."""
        self._closing.set()
        self._runs.close()

    def forget(self, account: str) -> None:
        """Forget all resources of an account; its tasks end soon after."""
        endpoints = [one.key for one in self._store.all(Endpoint) if one.account == account]
        jobs = [one.task for one in self._store.all(TrainingJob) if one.account == account and one.active]
        self._store.delete_account(account, (Model, EndpointConfig, Endpoint, TrainingJob))
        try:
            self._routes.delete_account(account)
        except Retry as error:
            _log.warning("routes of %s are deleted later: %s", account, error)
        for key in endpoints:
            self._deployer.queue.add(key)
        if jobs:
            threading.Thread(target=self._end, args=(jobs,), name=f"forget-{account}", daemon=True).start()

    def _end(self, tasks: list[str]) -> None:
        for task in tasks:
            try:
                self._agent.delete(task)
            except (AgentUnreachable, AgentError) as error:
                _log.warning("%s is ended later: %s", task, error)

    def _watch(self) -> None:
        since = time.time()
        while not self._closing.is_set():
            try:
                # Each time, since events may have been missed while the agent or the data plane was away.
                self.reconcile()
                for event in self._agent.events(since=since, follow=True):
                    since = event["time"]
                    self._handle(event["labels"])
            except (AgentUnreachable, AgentError, Retry) as error:
                _log.warning("not in line with the agent and the data plane: %s", error)
            self._closing.wait(PAUSE)

    def _handle(self, labels: dict[str, str]) -> None:
        if labels.get("obsiverse.resource") == Endpoint.KIND:
            self._deployer.queue.add(owner(labels))

    def reconcile(self) -> None:
        """Start what was stopped, delete tasks and routes that belong to nothing, and look at every endpoint.

        Raises AgentUnreachable, AgentError, Retry.
        """
        # What is found first and not in the store afterwards belongs to nothing: the store is written before tasks are.
        tasks = [task for task in self._agent.tasks(TASK) if "obsiverse.resource" in task["spec"]["labels"]]
        endpoints = self._store.all(Endpoint)
        wanted = {task for endpoint in endpoints for task in endpoint.tasks()}
        wanted |= {job.task for job in self._store.all(TrainingJob) if job.active}
        for task in tasks:
            if task["id"] not in wanted:
                _log.info("%s belongs to nothing any more", task["id"])
                self._agent.delete(task["id"])
            else:
                self._revive(task)
        for endpoint in endpoints:
            self._deployer.queue.add(endpoint.key)
        routed = self._routes.keys()
        known = {endpoint.key for endpoint in self._store.all(Endpoint)}
        for key in routed:
            if key not in known:
                self._routes.delete(key)

    def _revive(self, task: dict[str, Any]) -> None:
        """Start an instance that was stopped with the whole stack."""
        serves = task["spec"]["labels"]["obsiverse.resource"] == Endpoint.KIND
        if serves and task["state"] in ("stopped", "exited"):
            self._agent.start(task["id"])
