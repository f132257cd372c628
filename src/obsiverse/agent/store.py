"""The agent's folder on disk: one folder a task, one file a template.

A file is replaced whole (temporary file, fsync, rename), so that a reader finds the old or the new one, never a part.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from obsiverse.agent.errors import InvalidSpec, naming_full_disk
from obsiverse.agent.spec import Spec, parse_spec
from obsiverse.agent.state import State

log = logging.getLogger(__name__)
_numbers = itertools.count()


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's content, on disk when this returns.

    Raises:
        DiskFull: it could not be written; the old content is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{next(_numbers)}")
    with naming_full_disk(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


class TaskFolder:
    """One task's folder.

    Attributes:
        root: folder under which the task's `paths` stand.
        log: its output.
        exit: its last run's exit status, written by the wrapper.
        pid: its program's process id, likewise.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spec = path / "spec.json"
        self.state = path / "state.json"
        self.root = path / "root"
        self.log = path / "log"
        self.exit = path / "exit"
        self.pid = path / "pid"

    def save_spec(self, spec: Spec) -> None:
        """Keep the spec.

        Raises:
            DiskFull: it could not be written.
        """
        write_atomically(self.spec, spec.model_dump_json(indent=1))

    def save_state(self, spec: Spec, state: State) -> None:
        """Keep the state, and the spec too where somebody deleted the folder.

        Raises:
            DiskFull: it could not be written.
        """
        if not self.spec.exists():
            self.save_spec(spec)
        write_atomically(self.state, state.model_dump_json(indent=1))

    def forget(self) -> None:
        """Delete what says that there is a task; its root stays."""
        for file in (self.spec, self.state):
            file.unlink(missing_ok=True)


class Store:
    """The agent's folder: `tasks/`, `templates/`, `quarantine/`, `tmp/`, and `trash/` for what is being deleted."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            DiskFull: the folder can't be made.
        """
        self.path = path
        self.tasks = path / "tasks"
        self.templates = path / "templates"
        self.temporary = path / "tmp"
        self._trash = path / "trash"
        self._quarantine = path / "quarantine"
        with naming_full_disk(str(path)):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in (self.tasks, self.templates, self.temporary, self._trash):
                folder.mkdir(exist_ok=True)
        for folder in (self._trash, self.temporary):
            for left in folder.iterdir():
                _delete(left)

    def folder(self, task: str) -> TaskFolder:
        """A task's folder, there or not."""
        return TaskFolder(self.tasks / task)

    def load(self) -> Iterator[tuple[str, Spec, State | None]]:
        """Every task kept: its id, spec and state, None where the agent died before it wrote one.

        What can't be read is put aside in `quarantine/` with a warning.
        """
        for path in sorted(self.tasks.iterdir()):
            folder = TaskFolder(path)
            if not folder.spec.exists():
                if folder.state.exists():
                    self._put_aside(path, "it has a state but no spec")
                continue
            try:
                spec = parse_spec(json.loads(folder.spec.read_bytes()))
            except (ValueError, InvalidSpec, OSError) as error:
                self._put_aside(path, f"spec.json: {error}")
                continue
            yield path.name, spec, self._state(folder)

    def _state(self, folder: TaskFolder) -> State | None:
        try:
            return State.model_validate_json(folder.state.read_bytes())
        except FileNotFoundError:
            return None
        except (ValidationError, OSError) as error:
            self._put_aside(folder.state, f"state.json: {error}", name=f"{folder.path.name}.state.json")
            return None

    def _put_aside(self, path: Path, why: str, *, name: str | None = None) -> None:
        target = self._quarantine / f"{name or path.name}.{time.time_ns()}"
        self._quarantine.mkdir(exist_ok=True)
        path.replace(target)
        log.warning("%s is unreadable (%s) and was put aside in %s", path, why, target)

    def delete(self, folder: TaskFolder) -> None:
        """Delete a task's folder: gone at once, even if the agent dies while the files are being deleted."""
        trash = self._trash / f"{folder.path.name}.{time.time_ns()}"
        try:
            folder.path.replace(trash)
        except FileNotFoundError:
            return
        except OSError:
            # A full disk may refuse even the move; then the spec goes first, so that no half of a task is found.
            folder.forget()
            trash = folder.path
        _delete(trash)

    def load_templates(self) -> dict[str, Spec]:
        """The templates kept, by name; unreadable ones are put aside with a warning."""
        found: dict[str, Spec] = {}
        for path in sorted(self.templates.glob("*.json")):
            try:
                found[path.stem] = parse_spec(json.loads(path.read_bytes()))
            except (ValueError, InvalidSpec, OSError) as error:
                self._put_aside(path, str(error))
        return found

    def save_template(self, name: str, spec: Spec) -> None:
        """Keep a template.

        Raises:
            DiskFull: it could not be written.
        """
        write_atomically(self.templates / f"{name}.json", spec.model_dump_json(indent=1))


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
