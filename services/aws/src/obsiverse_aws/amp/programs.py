"""What a workspace's Prometheus and Alertmanager are told, whether they are tasks or the stack's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import yaml

from obsiverse_aws.amp.checks import MAIN
from obsiverse_aws.amp.data_plane import Addresses
from obsiverse_aws.amp.models import Workspace
from obsiverse_aws.amp.tasks import ALERTMANAGER, PROMETHEUS, Tasks
from obsiverse_aws.store import Key
from obsiverse_aws.work_queue import Retry

# AWS takes samples of up to an hour ago.
OUT_OF_ORDER = "1h"
EVALUATION_INTERVAL = "15s"  # AWS's is 60 s, which is long to wait in a sandbox
NOBODY = yaml.safe_dump({"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]})
TARGETS = "alertmanagers.json"

Files = Mapping[str, str]


class Programs(Protocol):
    """Where a workspace's programs are."""

    def bring(self, workspace: Workspace, rules: Files, alertmanager: Files | None) -> Addresses | None:
        """Have rules by namespace and Alertmanager's files, if any, in force; None while a program only starts.

        Raises Retry.
        """
        ...

    def delete(self, key: Key) -> None:
        """End what belongs to a workspace; raises Retry."""
        ...


class TaskPrograms:
    """A Prometheus and an Alertmanager of its own for each workspace."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    def bring(self, workspace: Workspace, rules: Files, alertmanager: Files | None) -> Addresses | None:
        """See `Programs`."""
        alerts, notifies = self._tasks.bring(workspace, ALERTMANAGER, alertmanager or {MAIN: NOBODY})
        config = {
            "global": {"evaluation_interval": EVALUATION_INTERVAL},
            "storage": {"tsdb": {"out_of_order_time_window": OUT_OF_ORDER}},
            "rule_files": [_file(namespace) for namespace in rules],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alerts.removeprefix("http://")]}]}]},
        }
        files = {_file(namespace): document for namespace, document in rules.items()}
        files["prometheus.yml"] = yaml.safe_dump(config, sort_keys=False)
        metrics, answers = self._tasks.bring(workspace, PROMETHEUS, files)
        return Addresses(metrics, alerts) if answers and notifies else None

    def delete(self, key: Key) -> None:
        """See `Programs`."""
        self._tasks.delete(key, PROMETHEUS)
        self._tasks.delete(key, ALERTMANAGER)


class BuiltInPrograms:
    """The stack's own Prometheus, and its own Alertmanager until the workspace has a definition for one.

    Args:
        addresses: of the stack's own.
        folder: from which its Prometheus reads rules and where to send alerts as well.
    """

    def __init__(self, tasks: Tasks, addresses: Addresses, folder: Path) -> None:
        self._tasks = tasks
        self._addresses = addresses
        self._folder = folder

    def bring(self, workspace: Workspace, rules: Files, alertmanager: Files | None) -> Addresses | None:
        """See `Programs`."""
        addresses, targets = self._addresses, "[]"
        if alertmanager is None:
            self._tasks.delete(workspace.key, ALERTMANAGER)
        else:
            alerts, notifies = self._tasks.bring(workspace, ALERTMANAGER, alertmanager)
            if not notifies:
                return None
            addresses, targets = addresses._replace(alertmanager=alerts), _targets(alerts)
        wanted = {_file(namespace): document for namespace, document in rules.items()} | {TARGETS: targets}
        if self._write(wanted):
            self._tasks.reload(self._addresses.prometheus)
        return addresses

    def delete(self, key: Key) -> None:
        """See `Programs`."""
        self._tasks.delete(key, ALERTMANAGER)
        if self._write({TARGETS: "[]"}):
            self._tasks.reload(self._addresses.prometheus)

    def _write(self, wanted: Files) -> bool:
        """Whether the folder's rules were others; Prometheus sees by itself where to send alerts."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            there = {one.name: one.read_text() for one in self._folder.iterdir() if one.suffix in (".yml", ".json")}
            for name in there.keys() - wanted.keys():
                (self._folder / name).unlink()
            for name, text in wanted.items():
                if there.get(name) != text:
                    part = self._folder / f"{name}.part"
                    part.write_text(text)
                    part.chmod(0o644)
                    part.replace(self._folder / name)
        except OSError as error:
            raise Retry(f"rules can't be written to {self._folder}: {error}") from error
        return {**there, TARGETS: ""} != {**wanted, TARGETS: ""}


def _file(namespace: str) -> str:
    return f"namespace-{namespace}.yml"


def _targets(alertmanager: str) -> str:
    # JSON is what Prometheus's file discovery reads beside YAML, and keeps it out of the rules' pattern.
    return f'[{{"targets": ["{alertmanager.removeprefix("http://")}"]}}]'
