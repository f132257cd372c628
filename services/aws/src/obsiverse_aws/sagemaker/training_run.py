"""Runs training jobs as tasks: data in, `train`, model out.

A run looks at what is there before each step, so that the next edge goes on where a killed one was.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from obsiverse_client import AgentClient, AgentError, AgentUnreachable

from obsiverse_aws.clients import Clients
from obsiverse_aws.sagemaker import images
from obsiverse_aws.sagemaker.artifacts import ArtifactError, file_members, input_tar, upload_tar_gz
from obsiverse_aws.sagemaker.models import TrainingJob
from obsiverse_aws.sagemaker.task_logs import Line, LogStream, Sink, TaskLogs
from obsiverse_aws.sagemaker.training_metrics import TrainingMetrics
from obsiverse_aws.sagemaker.training_task import input_files, request
from obsiverse_aws.store import Gone, Key, Store

_log = logging.getLogger(__name__)
DEFAULT_MAX_RUNTIME = 86_400
MAX_REASON = 1024
LAST_LINES = 10
DRAIN_SECONDS = 10.0
WAIT_SECONDS = 60.0
AGENT_PAUSE = 1.0


class JobFailed(Exception):
    """A job failed; the message is its FailureReason."""


def enter(job: TrainingJob, status: str, message: str) -> None:
    """Note that a job is in a secondary status from now on."""
    now = time.time()
    if job.transitions:
        job.transitions[-1].setdefault("EndTime", now)
    job.transitions.append({"Status": status, "StartTime": now, "StatusMessage": message})
    job.secondary_status, job.modified = status, now


class TrainingRuns:
    """The jobs that run, a thread each."""

    def __init__(self, store: Store, agent: AgentClient, logs: TaskLogs) -> None:
        self._store = store
        self._agent = agent
        self._logs = logs
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._running: set[Key] = set()

    def start(self, key: Key) -> None:
        """Run a job from where it is, unless it is being run."""
        with self._lock:
            if key in self._running:
                return
            self._running.add(key)
        threading.Thread(target=self._thread, args=(key,), name=f"training-{key.name}", daemon=True).start()

    def stop(self, key: Key) -> None:
        """Stop the task of a job that is Stopping; the job's run sees it end."""
        task = self._store.get(TrainingJob, key).task
        threading.Thread(target=self._stop, args=(task,), name=f"stop-{task}", daemon=True).start()

    def _stop(self, task: str) -> None:
        try:
            self._agent.stop(task)
        except (AgentError, AgentUnreachable) as error:
            # Not started yet: the run looks at the status after it has started the task.
            _log.info("%s is not stopped: %s", task, error)

    def close(self) -> None:
        """The edge ends: what fails from now on is not the jobs' fault."""
        self._closing.set()

    def _thread(self, key: Key) -> None:
        try:
            self._run(key)
        finally:
            with self._lock:
                self._running.discard(key)

    def _run(self, key: Key) -> None:
        while not self._closing.is_set():
            try:
                job = self._store.get(TrainingJob, key)
                if not job.active:
                    self._discard(job.task)
                    return
                self._take(job)
            except AgentUnreachable as error:
                _log.warning("%s: %s", key.name, error)
                self._closing.wait(AGENT_PAUSE)
            except Gone:
                return
            except JobFailed as error:
                self._end(key, "Failed", "Failed", "Training job failed", str(error))
            except Exception as error:  # noqa: BLE001 - a job must end, whatever the fault
                if self._closing.is_set():
                    return
                _log.exception("%s ends on a fault of the edge", key.name)
                self._end(key, "Failed", "Failed", "Training job failed", f"InternalServerError: {error!r}")

    def _discard(self, task: str) -> None:
        try:
            self._agent.delete(task)
        except AgentError as error:
            _log.warning("%s is left behind until the edge starts again: %s", task, error)

    def _take(self, job: TrainingJob) -> None:
        """Take a job to its end.

        Raises JobFailed, AgentUnreachable, Gone.
        """
        task = self._task(job)
        if task is None:
            if job.status == "Stopping":
                self._end(job.key, "Stopped", "Stopped", "Training job stopped")
                return
            if job.secondary_status not in ("Starting", "Downloading"):
                raise JobFailed("InternalServerError: the task of this job was deleted while it ran.")
            self._launch(job)
        self._enter(job.key, "Training", "Training image download completed. Training in progress.")
        self._logs.follow(job.task, lambda: self._sink(job))
        late = self._wait(job)
        self._logs.drain(job.task, DRAIN_SECONDS)
        self._finish(self._store.get(TrainingJob, job.key), late)

    def _task(self, job: TrainingJob) -> dict[str, Any] | None:
        try:
            return self._agent.task(job.task)
        except AgentError as error:
            if error.code == "not_found":
                return None
            raise

    def _launch(self, job: TrainingJob) -> None:
        self._enter(job.key, "Downloading", "Downloading input data")
        try:
            template = images.template(
                job.definition["AlgorithmSpecification"]["TrainingImage"], job.definition["RoleArn"]
            )
            channels = {
                channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
                for channel in job.definition.get("InputDataConfig", [])
            }
            with input_tar(Clients(job.account, job.region).s3, input_files(job), channels) as tar:
                self._agent.put_archive(job.task, "/opt/ml/input", tar)
            self._agent.put_task(job.task, request(template, job))
        except images.ImageNotFound as error:
            raise JobFailed(f"ClientError: {error}") from error
        except ArtifactError as error:
            raise JobFailed(f"ClientError: Data download failed:{error}") from error
        except AgentError as error:
            self._agent.delete(job.task)
            raise JobFailed(f"InternalServerError: the task can't be started: {error}") from error

    def _enter(self, key: Key, status: str, message: str) -> None:
        with self._store.change(TrainingJob, key) as job:
            # A run that goes on where a killed edge was must not enter again what it has passed.
            if job.status == "InProgress" and status not in [one["Status"] for one in job.transitions]:
                enter(job, status, message)
            if status == "Training":
                job.started = job.started or time.time()

    def _sink(self, job: TrainingJob) -> Sink:
        group = "/aws/sagemaker/TrainingJobs"
        stream = LogStream(job.account, job.region, group, f"{job.name}/algo-1-{int(job.created)}")
        metrics = TrainingMetrics(job)

        def put(lines: list[Line]) -> None:
            stream(lines)
            metrics.put(lines)

        return put

    def _wait(self, job: TrainingJob) -> bool:
        """Wait for the end of a job's task; whether it was stopped for the time it took."""
        if self._store.get(TrainingJob, job.key).status == "Stopping":
            self._stop(job.task)
        limit = job.definition["StoppingCondition"].get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME)
        deadline = (self._store.get(TrainingJob, job.key).started or time.time()) + limit
        while True:
            left = deadline - time.time()
            try:
                self._agent.wait(job.task, "exited", min(max(left, 0.1), WAIT_SECONDS))
            except AgentError as error:
                if error.code != "timeout":
                    raise JobFailed(f"InternalServerError: {error}") from error
                if left <= 0:
                    self._agent.stop(job.task)
                    return True
            else:
                return False

    def _finish(self, job: TrainingJob, late: bool) -> None:
        task = self._agent.task(job.task)
        lines = list(self._agent.logs(job.task))
        with self._store.change(TrainingJob, job.key) as changed:
            changed.metrics = TrainingMetrics(job).last(lines)
        stopping = late or job.status == "Stopping"
        if not stopping and task["exit_code"] != 0:
            raise JobFailed(self._reason(task, lines))
        self._enter(job.key, "Uploading", "Uploading generated training model")
        self._upload(job)
        if late:
            self._end(
                job.key, "Stopped", "MaxRuntimeExceeded", "Training job runtime exceeded MaxRuntimeInSeconds provided"
            )
        elif stopping:
            self._end(job.key, "Stopped", "Stopped", "Training job stopped")
        else:
            self._end(job.key, "Completed", "Completed", "Training job completed")

    def _reason(self, task: dict[str, Any], lines: list[Line]) -> str:
        code = task["exit_code"] if task["exit_code"] is not None else f"from signal {task['signal']}"
        try:
            with self._agent.get_archive(task["id"], "/opt/ml/output/failure") as tar:
                said = "".join(content.decode(errors="replace") for _, content in file_members(tar))
        except AgentError:
            said = ""
        if not said:
            said = "the algorithm failed. Its last output:\n" + "\n".join(line for _, line in lines[-LAST_LINES:])
        end = f", exit code: {code}"
        return f"AlgorithmError: {said[: MAX_REASON - len(end) - len('AlgorithmError: ')]}{end}"

    def _upload(self, job: TrainingJob) -> None:
        s3 = Clients(job.account, job.region).s3
        folder = f"{job.definition['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job.name}/output"
        try:
            with self._agent.get_archive(job.task, "/opt/ml/model") as tar:
                upload_tar_gz(s3, tar, f"{folder}/model.tar.gz")
            with self._store.change(TrainingJob, job.key) as changed:
                changed.artifacts = f"{folder}/model.tar.gz"
            if self._has_files(job.task, "/opt/ml/output/data"):
                with self._agent.get_archive(job.task, "/opt/ml/output/data") as tar:
                    upload_tar_gz(s3, tar, f"{folder}/output.tar.gz")
        except ArtifactError as error:
            raise JobFailed(f"ClientError: Artifact upload failed:{error}") from error
        except AgentError as error:
            if error.code != "not_found":
                raise JobFailed(f"InternalServerError: {error}") from error

    def _has_files(self, task: str, path: str) -> bool:
        with self._agent.get_archive(task, path) as tar:
            return any(True for _ in file_members(tar))

    def _end(self, key: Key, status: str, secondary: str, message: str, reason: str | None = None) -> None:
        with self._store.change(TrainingJob, key) as job:
            enter(job, secondary, reason or message)
            job.transitions[-1]["EndTime"] = job.modified
            job.status, job.ended = status, job.modified
            job.failure_reason = reason[:MAX_REASON] if reason else None
        _log.info("%s: %s%s", job.arn, secondary, f": {reason}" if reason else "")
