"""A workspace's Prometheus and Alertmanager as tasks of the agent."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from typing import Any

import urllib3
from obsiverse_client import AgentClient, AgentError, AgentUnreachable

from obsiverse_aws.amp.models import Workspace
from obsiverse_aws.sagemaker.instances import is_healthy
from obsiverse_aws.store import Key
from obsiverse_aws.tasks import TASK
from obsiverse_aws.work_queue import Retry

TIMEOUT = urllib3.Timeout(connect=2, read=30)
WORKSPACE = "obsiverse.workspace"
Files = Mapping[str, str]


class Program:
    """One of the programs that a workspace has.

    Args:
        template: the task template's name.
        folder: where it finds its files.
        arguments: beside what the template says.
    """

    def __init__(self, name: str, folder: str, port: int, arguments: list[str]) -> None:
        self.template = f"workspace-{name}"
        self.folder = folder
        self.port = port
        self.arguments = arguments
        self._suffix = name

    def task(self, key: Key) -> str:
        """The name of a workspace's task."""
        return f"{'-'.join(key)}-{self._suffix}"


PROMETHEUS = Program(
    "prometheus",
    "/prometheus",
    9090,
    ["--web.enable-remote-write-receiver", "--web.enable-lifecycle", "--enable-feature=exemplar-storage"],
)
ALERTMANAGER = Program("alertmanager", "/alertmanager", 9093, ["--cluster.listen-address="])


class Tasks:
    """Starts, fills and deletes them. Each call raises Retry where that can't be done now."""

    def __init__(self, agent: AgentClient) -> None:
        self._agent = agent
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False)
        self._read: dict[str, dict[str, str]] = {}

    def bring(self, workspace: Workspace, program: Program, files: Files) -> tuple[str, bool]:
        """Where a program is, and whether it answers and has read these files; it is started if it is not there."""
        task = program.task(workspace.key)
        try:
            status = self._started(workspace, program, task, files)
        except (AgentUnreachable, AgentError) as error:
            raise Retry(f"{task}: {error}") from error
        url = _url(status, program.port)
        if not is_healthy(status):
            return url, False
        if self._read.get(task) != files:
            # Its start may have read what was there before.
            self.reload(url)
            self._read[task] = dict(files)
        return url, True

    def _started(self, workspace: Workspace, program: Program, task: str, files: Files) -> dict[str, Any]:
        try:
            status = self._agent.task(task)
        except AgentError as error:
            if error.code != "not_found":
                raise
            self._agent.put_archive(task, program.folder, packed(files))
            self._read.pop(task, None)
            return self._agent.put_task(task, _request(workspace, program))
        if self._read.get(task) != files:
            self._agent.put_archive(task, program.folder, packed(files))
        return self._agent.start(task) if status["state"] in ("stopped", "exited") else status

    def reload(self, url: str) -> None:
        """Have a program read its files again."""
        try:
            answer = self._http.request("POST", f"{url}/-/reload")
        except urllib3.exceptions.HTTPError as error:
            raise Retry(f"{url} does not answer: {error}") from error
        if answer.status >= 300:
            raise Retry(f"{url} does not read its files: {answer.data[:500]!r}")

    def delete(self, key: Key, program: Program) -> None:
        """Stop a program and forget its data; nothing happens where it is gone."""
        task = program.task(key)
        self._read.pop(task, None)
        try:
            self._agent.delete(task)
        except (AgentUnreachable, AgentError) as error:
            raise Retry(f"{task}: {error}") from error

    def keys(self) -> set[Key]:
        """The workspaces that have tasks."""
        try:
            labels = [task["spec"]["labels"] for task in self._agent.tasks(TASK)]
        except (AgentUnreachable, AgentError) as error:
            raise Retry(str(error)) from error
        return {Key(*found[WORKSPACE].split("/")) for found in labels if WORKSPACE in found}


def packed(files: Files) -> bytes:
    """A tar of files, readable for whoever the program runs as."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def _request(workspace: Workspace, program: Program) -> dict[str, Any]:
    return {
        "template": program.template,
        "args": program.arguments,
        "labels": {**TASK, WORKSPACE: "/".join(workspace.key), "obsiverse.arn": workspace.arn},
        "restart": {"policy": "always"},
    }


def _url(status: dict[str, Any], port: int) -> str:
    host = next((one["host"] for one in status["ports"] if one["container"] == port), None)
    if host is None:
        raise Retry(f"{status['id']} has no port {port}")
    return f"http://{status['hostname']}:{host}"
