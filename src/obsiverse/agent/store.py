"""What the agent knows, on disk: a folder per task, a file per template."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import structlog

from obsiverse.agent.errors import InvalidSpec, from_os_error
from obsiverse.agent.spec import Spec, parse

log = structlog.get_logger()


@dataclass
class Record:
    """The state of a task that outlives the agent.

    Attributes:
        state: created, running, restarting, stopped or exited.
        wanted: False once it was asked to stop.
        pid, began: of the wrapper that runs it; None while it does not run.
        host_ports: by container port.
    """

    state: str = "created"
    wanted: bool = True
    pid: int | None = None
    began: float | None = None
    health: str = "none"
    host_ports: dict[str, int] = field(default_factory=dict)
    created_at: float = field(default_factory=time.time)
    started_at: float | None = None
    healthy_at: float | None = None
    finished_at: float | None = None
    exit_code: int | None = None
    signal: str | None = None
    oom_killed: bool = False
    restarts: int = 0
    message: str = ""


class Store:
    """Reads and writes tasks and templates under a state folder.

    Writes raise DiskFull, or AgentFault for another error of the file system; a file is replaced whole or not at all.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tasks = folder / "tasks"
        self._templates = folder / "templates"
        for place in (self._tasks, self._templates):
            place.mkdir(parents=True, exist_ok=True)

    def task_folder(self, task: str) -> Path:
        """The folder of a task's files."""
        return self._tasks / task

    def make_task_folder(self, task: str) -> Path:
        """The folder of a task's files, made."""
        folder = self._tasks / task
        try:
            (folder / "root").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(error) from error
        return folder

    def save(self, task: str, spec: Spec, record: Record) -> None:
        """Keep a task's spec and state."""
        folder = self.make_task_folder(task)
        _replace(folder / "spec.json", spec.model_dump_json())
        _replace(folder / "state.json", json.dumps(asdict(record)))

    def save_record(self, task: str, record: Record) -> None:
        """Keep a task's state."""
        _replace(self.make_task_folder(task) / "state.json", json.dumps(asdict(record)))

    def load(self) -> dict[str, tuple[Spec, Record]]:
        """All tasks; a folder that can't be read is set aside and told in the log."""
        found: dict[str, tuple[Spec, Record]] = {}
        for folder in sorted(self._tasks.iterdir()):
            if not (folder / "spec.json").exists():
                continue
            try:
                spec = parse(Spec, json.loads((folder / "spec.json").read_text()))
                found[folder.name] = (spec, Record(**json.loads((folder / "state.json").read_text())))
            except (OSError, ValueError, TypeError, InvalidSpec) as error:
                aside = self.folder / "unreadable" / f"{folder.name}-{time.time_ns()}"
                aside.parent.mkdir(exist_ok=True)
                folder.rename(aside)
                log.warning("task.unreadable", task=folder.name, error=str(error), moved_to=str(aside))
        return found

    def forget(self, task: str) -> None:
        """Delete a task's folder."""
        shutil.rmtree(self._tasks / task, ignore_errors=True)

    def save_template(self, name: str, spec: Spec) -> None:
        """Keep a template."""
        _replace(self._templates / f"{name}.json", spec.model_dump_json())

    def load_templates(self) -> dict[str, Spec]:
        """All templates; one that can't be read is left out and told in the log."""
        found: dict[str, Spec] = {}
        for file in sorted(self._templates.glob("*.json")):
            try:
                found[file.stem] = parse(Spec, json.loads(file.read_text()))
            except (OSError, ValueError, InvalidSpec) as error:
                log.warning("template.unreadable", template=file.stem, error=str(error))
        return found


def _replace(file: Path, text: str) -> None:
    fresh = file.with_name(f".{file.name}.new")
    try:
        with fresh.open("w") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise from_os_error(error) from error


def as_json(record: Record) -> dict[str, Any]:
    """The fields of a record that a status shows."""
    value = asdict(record)
    for hidden in ("wanted", "pid", "began", "host_ports"):
        del value[hidden]
    return value
