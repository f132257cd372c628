"""The container runtime: a task is a container, made like the template that Compose made (docs/design.md)."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import tarfile
import tempfile
import time
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any

from obsiverse.agent import archive
from obsiverse.agent.container_run import ContainerRun
from obsiverse.agent.container_template import TEMPLATE_LABEL, template
from obsiverse.agent.docker_api import Docker, Missing, Refused
from obsiverse.agent.errors import InvalidSpec, StartFailed, naming_full_disk
from obsiverse.agent.runtime import Exit, Launch, Running, Usage
from obsiverse.agent.service_logs import ContainerServices
from obsiverse.agent.spec import Spec
from obsiverse.agent.store import TaskFolder

log = logging.getLogger(__name__)
AGENT_LABEL, TASK_LABEL, SPEC_LABEL = "obsiverse.agent", "obsiverse.task", "obsiverse.spec"


class ContainerRuntime:
    """Runs tasks as containers of one Compose project."""

    publishes = False

    def __init__(self, docker: Docker, project: str) -> None:
        self._docker = docker
        self._project = project
        self.services = ContainerServices(docker, project)
        self._used: dict[str, tuple[float, float]] = {}

    async def templates(self) -> dict[str, Spec] | None:
        """The templates that Compose has made containers for, by name."""
        return await asyncio.to_thread(self._templates)

    def _templates(self) -> dict[str, Spec]:
        found: dict[str, Spec] = {}
        for listed in self._docker.labelled(com_docker_compose_project=self._project):
            if name := listed["Labels"].get(TEMPLATE_LABEL):
                container = self._docker.inspect(listed["Id"])
                try:
                    found[name] = template(container, self._docker.inspect_image(container["Image"]))
                except (Missing, ValueError) as error:
                    log.warning("the template %s can't be used: %s", name, error)
        return found

    def hostname(self, task: str) -> str:
        """A task's name on the project's network. Its id may be too long for one."""
        return f"task-{hashlib.sha256(f'{self._project}/{task}'.encode()).hexdigest()[:12]}"

    def verify(self, launch: Launch) -> None:
        """Check that the spec is a template's.

        Raises:
            StartFailed: it is not.
        """
        if launch.spec.container is None:
            raise StartFailed(f"{launch.task} is not made from a template, so it can't run in a container")

    def warnings(self, spec: Spec) -> list[str]:
        """None: the engine honours all of a spec or refuses it."""
        return []

    async def start(self, launch: Launch) -> Running:
        """Start a task's container, which is made first where there is none of this spec.

        Raises:
            StartFailed, DiskFull, EngineUnavailable: it can't be.
        """
        return ContainerRun(self._docker, launch.folder, await asyncio.to_thread(self._start, launch))

    def _start(self, launch: Launch) -> dict[str, Any]:
        container = self._present(launch) or self._create(launch)
        try:
            self._docker.start(container)
        except Refused:
            self._docker.remove(container)
            raise
        return self._docker.inspect(container)

    def _present(self, launch: Launch) -> str | None:
        """The task's container, where it was made from the same spec; another one is removed."""
        name = self._name(launch.task)
        try:
            found = self._docker.inspect(name)
        except Missing:
            return None
        if found["Config"]["Labels"].get(SPEC_LABEL) == launch.spec.hash():
            return found["Id"]
        self._docker.remove(name)
        return None

    def _create(self, launch: Launch) -> str:
        spec = launch.spec
        assert spec.container is not None
        name, alias = self._name(launch.task), self.hostname(launch.task)
        first, *others = spec.container.networks
        config = {
            "Image": spec.container.image_id,
            "Entrypoint": spec.command,
            "Cmd": spec.args,
            "Env": [f"{name}={value}" for name, value in {**spec.env, "OBSIVERSE_TASK": launch.task}.items()],
            "User": spec.container.user,
            "WorkingDir": spec.working_dir or "",
            "StopSignal": spec.stop_signal,
            "Labels": {**spec.labels, AGENT_LABEL: self._project, TASK_LABEL: launch.task, SPEC_LABEL: spec.hash()},
            "Healthcheck": {"Test": ["NONE"]},  # the agent checks, also what the image would have Docker check
            "HostConfig": _host_config(spec),
            "NetworkingConfig": {"EndpointsConfig": {first: {"Aliases": [alias]}}},
        }
        try:
            container = self._docker.create(name, config)
        except Missing:
            self._pull_image(launch)
            container = self._docker.create(name, {**config, "Image": spec.image})
        try:
            for network in others:
                self._docker.connect(container, network, alias)
            if launch.folder.root.exists():
                self._push(container, launch.folder, "/")
        except BaseException:
            self._docker.remove(container)
            raise
        return container

    def _pull_image(self, launch: Launch) -> None:
        """Get an image that was removed since its template was made; the task's log tells how far it is."""
        with launch.folder.log.open("a") as output:
            try:
                for line in self._docker.pull(launch.spec.image):
                    output.write(f"pulling {launch.spec.image}: {line}\n")
            except Refused as error:
                raise StartFailed(
                    f"the image {launch.spec.image} is not here and can't be pulled: {error}. Build it with `docker compose build`."
                ) from error

    async def adopt(self, launch: Launch, record: Mapping[str, Any] | None) -> Running | Exit | None:
        """Find a task's container again by its name."""
        try:
            found = await asyncio.to_thread(self._docker.inspect, self._name(launch.task))
        except Missing:
            return Exit(None, lost=True) if record else None
        if found["State"]["Status"] == "created":
            return None
        run = ContainerRun(self._docker, launch.folder, found)
        # One that has ended meanwhile is told as such, once what it printed is copied.
        return run if found["State"]["Running"] else await run.wait()

    async def reap(self, tasks: Collection[str]) -> list[str]:
        """Remove the containers of tasks that are not among these."""

        def strangers() -> list[str]:
            found: list[str] = []
            for listed in self._docker.labelled(obsiverse_agent=self._project):
                if (task := listed["Labels"].get(TASK_LABEL, "")) not in tasks:
                    self._docker.remove(listed["Id"])
                    found.append(task)
            return sorted(found)

        return await asyncio.to_thread(strangers)

    async def remove(self, task: str) -> None:
        """Remove a task's container."""
        await asyncio.to_thread(self._docker.remove, self._name(task))

    async def put_files(self, task: str, folder: TaskFolder, path: str) -> None:
        """Copy a path of a task's folder into its container, where there is one."""
        await asyncio.to_thread(self._push_if_there, task, folder, path)

    def _push_if_there(self, task: str, folder: TaskFolder, path: str) -> None:
        with contextlib.suppress(Missing):
            self._push(self._docker.inspect(self._name(task))["Id"], folder, path)

    def _push(self, container: str, folder: TaskFolder, path: str) -> None:
        user: str = self._docker.inspect(container)["Config"]["User"]
        with _spool(folder) as tar:
            _pack(folder.root, archive.locate(folder.root, path), user, tar)
            tar.seek(0)
            self._docker.put_archive(container, "/", tar)

    async def get_files(self, task: str, folder: TaskFolder, path: str) -> None:
        """Copy a path of a task's container to its folder, where there is a container that has it.

        Raises:
            InvalidSpec: what is there leads out of it, or is a device.
        """
        await asyncio.to_thread(self._pull, task, folder, path)

    def _pull(self, task: str, folder: TaskFolder, path: str) -> None:
        place = archive.locate(folder.root, path)
        with _spool(folder) as file:
            try:
                self._docker.get_archive(self._name(task), path, file)
            except Missing:
                return
            file.seek(0)
            with naming_full_disk(str(place)), tarfile.open(fileobj=file) as tar:
                place.parent.mkdir(parents=True, exist_ok=True)
                try:
                    tar.extractall(place.parent, filter="data")
                except tarfile.FilterError as error:
                    raise InvalidSpec(f"{path} can't be read: {error}") from error

    async def stats(self, runs: Mapping[str, Running]) -> dict[str, Usage]:
        """What runs take, by task. CPU is since the measurement before, the first time since the run's start."""
        containers = {task: run for task, run in runs.items() if isinstance(run, ContainerRun)}
        found = await asyncio.gather(*(asyncio.to_thread(self._usage, task, run) for task, run in containers.items()))
        for task in self._used.keys() - containers.keys():
            del self._used[task]
        return {task: usage for task, usage in zip(containers, found, strict=True) if usage is not None}

    def _usage(self, task: str, run: ContainerRun) -> Usage | None:
        try:
            counters = self._docker.usage(run.container)
        except Refused:
            return None
        now = time.time()
        used = counters.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage", 0) / 1e9
        since, before = self._used.get(task, (run.started_at, 0.0))
        self._used[task] = (now, used)
        memory = counters.get("memory_stats", {})
        cache = memory.get("stats", {})
        resident = memory.get("usage", 0) - cache.get("total_inactive_file", cache.get("inactive_file", 0))
        processes = counters.get("pids_stats", {}).get("current", 0)
        return Usage(round(100 * max(0.0, used - before) / max(now - since, 0.01), 2), resident, processes)

    def _name(self, task: str) -> str:
        return f"{self._project}-task-{task}"


def _host_config(spec: Spec) -> dict[str, Any]:
    assert spec.container is not None
    limits = spec.limits
    config = {
        **spec.container.host_config,
        "NetworkMode": spec.container.networks[0],
        "RestartPolicy": {"Name": "no"},
    }
    if limits.cpus:
        config["NanoCpus"] = int(limits.cpus * 1e9)
    if limits.memory_bytes:
        # No swap beyond it: what needs more is to be killed, not to be slow.
        config["Memory"] = config["MemorySwap"] = limits.memory_bytes
    if limits.gpus is not None:
        wanted = [{"Driver": "nvidia", "Count": limits.gpus, "Capabilities": [["gpu"]]}]
        config["DeviceRequests"] = wanted if limits.gpus else []
    return config


def _spool(folder: TaskFolder) -> IO[bytes]:
    folder.path.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder.path)


def _pack(root: Path, place: Path, user: str, target: IO[bytes]) -> None:
    """Write a tar of what stands at a place, under names relative to the root, owned by the container's user.

    A folder is named in it only if it holds files or nothing: those that merely lead to it are the image's own.
    """
    uid, _, gid = user.partition(":")
    owner = int(uid) if uid.isdecimal() else 0
    group = int(gid) if gid.isdecimal() else owner

    def own(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid, member.gid, member.uname, member.gname = owner, group, "", ""
        return member

    def add(file: Path) -> None:
        tar.add(file, str(PurePosixPath(file.relative_to(root))), recursive=False, filter=own)

    with naming_full_disk("the files of a task"), tarfile.open(fileobj=target, mode="w") as tar:
        if place.is_file():
            add(place)
            return
        for folder, folders, files in place.walk():
            if folder != root and (files or not folders):
                add(folder)
            for name in files:
                add(folder / name)
