"""Brings about what workspaces were told, and says how it went."""

from __future__ import annotations

import logging
import time
from typing import NamedTuple

from obsiverse_aws.amp.alert_manager_document import render
from obsiverse_aws.amp.checks import Checks, Invalid
from obsiverse_aws.amp.data_plane import DataPlane
from obsiverse_aws.amp.models import (
    ACTIVE,
    CREATING,
    CREATION_FAILED,
    DEFINITIONS,
    DELETING,
    ON_THE_WAY,
    UPDATE_FAILED,
    AlertManagerDefinition,
    Definition,
    RuleGroupsNamespace,
    Workspace,
)
from obsiverse_aws.amp.programs import Programs
from obsiverse_aws.amp.secrets_manager import secret_of
from obsiverse_aws.store import Gone, Key, Store
from obsiverse_aws.work_queue import Retry, WorkQueue

LOOK_AGAIN = 0.25  # seconds, while a program starts
START_SECONDS = 120.0
_log = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """What became of a definition; `applied` is the document that is in force from now on."""

    definition: Definition
    applied: str | None
    reason: str | None


class Reconciler:
    """Looks at one workspace at a time, and may be cut off anywhere.

    Args:
        edge: URL at which workspaces reach SNS.
    """

    def __init__(
        self, store: Store, checks: Checks, data_plane: DataPlane, tasks: Programs, built_in: Programs | None, edge: str
    ) -> None:
        self._store = store
        self._checks = checks
        self._data_plane = data_plane
        self._tasks = tasks
        self._built_in = built_in
        self._edge = edge
        self.queue = WorkQueue[Key]("amp", self.look)

    def look(self, key: Key) -> None:
        """Do what a workspace lacks; raises Retry."""
        try:
            workspace = self._store.get(Workspace, key)
        except Gone:
            self._tasks.delete(key)
            self._data_plane.delete(key)
            return
        programs = self._built_in if workspace.built_in and self._built_in is not None else self._tasks
        if workspace.status == DELETING:
            self._delete(workspace, programs)
            return
        if workspace.status == CREATION_FAILED:
            return
        outcomes = [
            self._judge(workspace, one)
            for kind in DEFINITIONS
            for one in self._store.list(kind, key.account, key.region)
            if one.workspace == key.name
        ]
        if not self._bring(workspace, programs, outcomes):
            self._give_up_or_wait(workspace)
            return
        for outcome in outcomes:
            self._settle(outcome)
        if workspace.status == CREATING:
            with self._store.change(Workspace, key) as changed:
                changed.status = ACTIVE

    def _bring(self, workspace: Workspace, programs: Programs, outcomes: list[Outcome]) -> bool:
        applied = {one.definition.KIND: {} for one in outcomes}
        for one in outcomes:
            if one.applied is not None and one.definition.status != DELETING:
                applied[one.definition.KIND][one.definition.name] = one.applied
        rules = {name.partition("/")[2]: text for name, text in applied.get(RuleGroupsNamespace.KIND, {}).items()}
        alerts = next(iter(applied.get(AlertManagerDefinition.KIND, {}).values()), None)
        try:
            files = None if alerts is None else self._render(workspace, alerts)
        except Invalid as error:
            # It was good once: its secret is gone since.
            raise Retry(f"{workspace.arn}: {error}") from error
        addresses = programs.bring(workspace, dict(sorted(rules.items())), files)
        if addresses is None:
            return False
        self._data_plane.put(workspace.key, addresses)
        return True

    def _judge(self, workspace: Workspace, definition: Definition) -> Outcome:
        if definition.status not in ON_THE_WAY or definition.status == DELETING:
            return Outcome(definition, definition.applied, definition.reason)
        try:
            if isinstance(definition, RuleGroupsNamespace):
                self._checks.rules(definition.data)
            elif isinstance(definition, AlertManagerDefinition):
                self._checks.alertmanager(self._render(workspace, definition.data))
        except Invalid as error:
            return Outcome(definition, definition.applied, str(error))
        return Outcome(definition, definition.data, None)

    def _render(self, workspace: Workspace, document: str) -> dict[str, str]:
        def secret(arn: str, key: str | None) -> str:
            return secret_of(workspace.account, workspace.region, arn, key)

        return render(document, workspace.account, self._edge, secret)

    def _settle(self, outcome: Outcome) -> None:
        definition = outcome.definition
        if definition.status not in ON_THE_WAY:
            return
        try:
            if definition.status == DELETING:
                self._store.delete(type(definition), definition.key)
                return
            with self._store.change(type(definition), definition.key) as changed:
                failed = CREATION_FAILED if definition.status == CREATING else UPDATE_FAILED
                changed.status = ACTIVE if outcome.reason is None else failed
                changed.reason, changed.applied = outcome.reason, outcome.applied
        except Gone:
            _log.info("%s was deleted while it was looked at", definition.name)

    def _give_up_or_wait(self, workspace: Workspace) -> None:
        if workspace.status == CREATING and time.time() > workspace.created + START_SECONDS:
            _log.error("%s did not start within %s s", workspace.arn, START_SECONDS)
            with self._store.change(Workspace, workspace.key) as changed:
                changed.status = CREATION_FAILED
            return
        self.queue.add(workspace.key, LOOK_AGAIN)

    def _delete(self, workspace: Workspace, programs: Programs) -> None:
        self._data_plane.delete(workspace.key)
        programs.delete(workspace.key)
        for kind in DEFINITIONS:
            for one in self._store.list(kind, workspace.account, workspace.region):
                if one.workspace == workspace.name:
                    self._store.delete(kind, one.key)
        self._store.delete(Workspace, workspace.key)
