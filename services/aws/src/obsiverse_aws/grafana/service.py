"""Managed Grafana's parts, put together once in a process."""

from __future__ import annotations

import logging
import threading
from functools import cache

from obsiverse_aws.grafana.api_key import ApiKeys
from obsiverse_aws.grafana.authentication import Authentication
from obsiverse_aws.grafana.configuration import Configurations
from obsiverse_aws.grafana.description import describer, summarizer
from obsiverse_aws.grafana.errors import InternalServerException
from obsiverse_aws.grafana.grafana_api import GrafanaApi
from obsiverse_aws.grafana.license import Licenses
from obsiverse_aws.grafana.models import ServiceAccount, Workspace
from obsiverse_aws.grafana.organizations import Organizations
from obsiverse_aws.grafana.permissions import Permissions
from obsiverse_aws.grafana.reconciler import Reconciler
from obsiverse_aws.grafana.resources import Resources
from obsiverse_aws.grafana.service_account import ServiceAccounts
from obsiverse_aws.grafana.service_account_token import ServiceAccountTokens
from obsiverse_aws.grafana.settings import GrafanaSettings
from obsiverse_aws.grafana.tags import Tags
from obsiverse_aws.grafana.versions import Versions
from obsiverse_aws.grafana.workspace import Workspaces, built_in
from obsiverse_aws.sagemaker.service import sagemaker
from obsiverse_aws.settings import settings
from obsiverse_aws.store import AlreadyExists, Store
from obsiverse_aws.work_queue import FIRST_PAUSE, LONGEST_PAUSE

_log = logging.getLogger(__name__)


class ManagedGrafana:
    """The operations by resource, and what runs behind them."""

    def __init__(self, chosen: GrafanaSettings) -> None:
        self._settings = chosen
        self._store = Store(chosen.data / "grafana.db")
        grafana = GrafanaApi(chosen.address, chosen.password_file)
        self._organizations = Organizations(grafana)
        self._reconciler = Reconciler(self._store, grafana, self._organizations, sagemaker().accounts.is_instant)
        resources = Resources(self._store, self._reconciler.changed)
        describe = describer(chosen.endpoint)
        self.workspaces = Workspaces(resources, describe, summarizer(chosen.endpoint))
        self.configurations = Configurations(resources)
        self.versions = Versions(resources)
        self.authentication = Authentication(resources)
        self.licenses = Licenses(resources, describe)
        self.permissions = Permissions(resources)
        self.service_accounts = ServiceAccounts(resources, grafana, self._organizations)
        self.tokens = ServiceAccountTokens(resources, grafana, self.service_accounts)
        self.api_keys = ApiKeys(resources, grafana, self._organizations, self.service_accounts)
        self.tags = Tags(resources)
        self._make_built_in()

    def start(self) -> None:
        """Take over what an earlier edge left."""
        for workspace in self._store.all(Workspace):
            self._reconciler.queue.add(workspace.key)
        threading.Thread(target=self._end_strays, name="grafana-strays", daemon=True).start()

    def forget(self, account: str) -> None:
        """Forget all of an account; its organisations and tokens end soon after."""
        workspaces = [one for one in self._store.all(Workspace) if one.account == account]
        lasting = {one.key for one in workspaces if one.built_in}
        for made in [one for one in self._store.all(ServiceAccount) if one.account == account]:
            if made.key._replace(name=made.workspace) not in lasting:
                self._store.delete(ServiceAccount, made.key)
                continue
            with self._store.change(ServiceAccount, made.key) as changed:
                changed.revoked = True
        self._store.delete_account(account, (Workspace,))
        self._make_built_in()
        for workspace in workspaces:
            self._reconciler.queue.add(workspace.key)

    def _make_built_in(self) -> None:
        try:
            self._store.insert(built_in(self._settings.account, self._settings.region))
        except AlreadyExists:
            return

    def _end_strays(self) -> None:
        """Delete the organisations of workspaces that were forgotten while Grafana was away, once it is there."""
        pause, waiting = FIRST_PAUSE, threading.Event()
        while True:
            try:
                found = self._organizations.keys()
            except InternalServerException as error:
                _log.info("organisations of deleted workspaces may be left: %s", error)
                waiting.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            for key in found:
                self._reconciler.queue.add(key)
            return


@cache
def managed_grafana() -> ManagedGrafana:
    """The one of this process."""
    return ManagedGrafana(GrafanaSettings.read(settings().data))
