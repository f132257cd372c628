"""Managed Prometheus's parts, put together once in a process."""

from __future__ import annotations

import logging
import threading
import time
from functools import cache

from obsiverse_client import AgentClient

from obsiverse_aws.amp.alert_manager_definition import AlertManagerDefinitions
from obsiverse_aws.amp.checks import Checks
from obsiverse_aws.amp.data_plane import Addresses, DataPlane
from obsiverse_aws.amp.logging_configuration import LoggingConfigurations
from obsiverse_aws.amp.models import CREATING, DEFINITIONS, Workspace
from obsiverse_aws.amp.programs import BuiltInPrograms, TaskPrograms
from obsiverse_aws.amp.reconciler import Reconciler
from obsiverse_aws.amp.resources import Resources
from obsiverse_aws.amp.rule_groups_namespace import RuleGroupsNamespaces
from obsiverse_aws.amp.settings import AmpSettings
from obsiverse_aws.amp.tags import Tags
from obsiverse_aws.amp.tasks import Tasks
from obsiverse_aws.amp.workspace import DEFAULT_ID, Workspaces
from obsiverse_aws.settings import settings
from obsiverse_aws.store import AlreadyExists, Store
from obsiverse_aws.work_queue import Retry

_log = logging.getLogger(__name__)


class Amp:
    """The operations by resource, and what runs behind them."""

    def __init__(self, chosen: AmpSettings) -> None:
        self._store = Store(chosen.data / "amp.db")
        self._settings = chosen
        self._tasks = Tasks(AgentClient(chosen.agent))
        built_in = None
        if chosen.prometheus and chosen.alertmanager and chosen.rules:
            addresses = Addresses(f"http://{chosen.prometheus}", f"http://{chosen.alertmanager}")
            built_in = BuiltInPrograms(self._tasks, addresses, chosen.rules)
        self._has_built_in = built_in is not None
        checks = Checks(chosen.promtool, chosen.amtool)
        plane = DataPlane(chosen.telemetry)
        edge = f"http://{chosen.edge}"
        self._reconciler = Reconciler(self._store, checks, plane, TaskPrograms(self._tasks), built_in, edge)
        resources = Resources(self._store, self._reconciler.queue.add)
        self.workspaces = Workspaces(resources, chosen.telemetry)
        self.rule_groups_namespaces = RuleGroupsNamespaces(resources)
        self.alert_manager_definitions = AlertManagerDefinitions(resources)
        self.logging_configurations = LoggingConfigurations(resources)
        self.tags = Tags(resources)

    def start(self) -> None:
        """Take over what an earlier edge left."""
        self._make_built_in()
        for workspace in self._store.all(Workspace):
            self._reconciler.queue.add(workspace.key)
        threading.Thread(target=self._end_strays, name="amp-strays", daemon=True).start()

    def forget(self, account: str) -> None:
        """Forget all of an account; its tasks end soon after."""
        keys = [one.key for one in self._store.all(Workspace) if one.account == account]
        self._store.delete_account(account, (Workspace, *DEFINITIONS))
        if account == self._settings.account:
            self._make_built_in()
        for key in keys:
            self._reconciler.queue.add(key)

    def _make_built_in(self) -> None:
        if not self._has_built_in:
            return
        where = (self._settings.account, self._settings.region, DEFAULT_ID)
        made = Workspace(*where, created=time.time(), tags={}, status=CREATING, alias="default", built_in=True)
        try:
            self._store.insert(made)
        except AlreadyExists:
            return

    def _end_strays(self) -> None:
        """End the tasks of workspaces that were deleted while the agent was away."""
        try:
            found = self._tasks.keys()
        except Retry as error:
            _log.warning("tasks of deleted workspaces may be left: %s", error)
            return
        for key in found:
            self._reconciler.queue.add(key)


@cache
def amp() -> Amp:
    """The one of this process."""
    common = settings()
    return Amp(AmpSettings.read(common.data, common.agent, common.listen))
