"""Brings about what workspaces were told: their organisations are made and deleted as soon as Grafana answers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from obsiverse_aws.grafana.errors import InternalServerException
from obsiverse_aws.grafana.grafana_api import MAIN_ORG, GrafanaApi, Missing
from obsiverse_aws.grafana.models import ACTIVE, DELETING, ON_THE_WAY, ServiceAccount, Workspace
from obsiverse_aws.grafana.organizations import Organizations
from obsiverse_aws.store import Gone, Key, Store
from obsiverse_aws.work_queue import Retry, WorkQueue

PATIENCE = 50.0
"""Seconds that a call waits for an instant transition: less than clients wait for an answer."""
_log = logging.getLogger(__name__)


class Reconciler:
    """Looks at one workspace at a time, and may be cut off anywhere.

    Args:
        is_instant: whether calls of an account wait for the end of what they begin.
    """

    def __init__(
        self, store: Store, grafana: GrafanaApi, organizations: Organizations, is_instant: Callable[[str], bool]
    ) -> None:
        self._store = store
        self._grafana = grafana
        self._organizations = organizations
        self._is_instant = is_instant
        self._news = threading.Condition()
        self.queue = WorkQueue[Key]("grafana", self.look)

    def changed(self, key: Key) -> None:
        """Have a workspace looked at; in an instant account, return when it is where it was told to go."""
        self.queue.add(key)
        if not self._is_instant(key.account):
            return
        deadline = time.monotonic() + PATIENCE
        with self._news:
            while self._is_under_way(key) and (left := deadline - time.monotonic()) > 0:
                self._news.wait(left)

    def look(self, key: Key) -> None:
        """Do what a workspace lacks; raises Retry."""
        try:
            self._bring_about(key)
        except InternalServerException as error:
            raise Retry(str(error)) from error
        with self._news:
            self._news.notify_all()

    def _bring_about(self, key: Key) -> None:
        try:
            workspace = self._store.get(Workspace, key)
            if workspace.status == DELETING:
                self._organizations.delete(key)
                self._forget(workspace)
                return
            self._organizations.ensure(workspace)
            self._revoke(workspace)
            if workspace.status in ON_THE_WAY:
                with self._store.change(Workspace, key) as changed:
                    # It may have been told something else meanwhile, and is looked at again then.
                    changed.status = ACTIVE if changed.status == workspace.status else changed.status
        except Gone:
            self._organizations.delete(key)

    def _revoke(self, workspace: Workspace) -> None:
        """Delete the service accounts of before a reset, of the one workspace that outlives it."""
        for account in self._accounts(workspace):
            if account.revoked:
                try:
                    self._grafana.delete_service_account(MAIN_ORG, account.identity)
                except Missing:
                    _log.info("service account %s is gone already", account.name)
                self._store.delete(ServiceAccount, account.key)

    def _forget(self, workspace: Workspace) -> None:
        for account in self._accounts(workspace):
            self._store.delete(ServiceAccount, account.key)
        self._store.delete(Workspace, workspace.key)

    def _accounts(self, workspace: Workspace) -> list[ServiceAccount]:
        found = self._store.list(ServiceAccount, workspace.account, workspace.region)
        return [one for one in found if one.workspace == workspace.name]

    def _is_under_way(self, key: Key) -> bool:
        try:
            return self._store.get(Workspace, key).status in ON_THE_WAY
        except Gone:
            return False
