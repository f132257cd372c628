"""Provisioning: what files say is in the database when the service starts; dashboards also when their files change."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from obsiverse_lookout.alerting.rules import AlertRules
from obsiverse_lookout.dashboards import Dashboards
from obsiverse_lookout.data_sources import DataSources
from obsiverse_lookout.documents import Documents
from obsiverse_lookout.folders import Folders
from obsiverse_lookout.provisioning import alerting, data_sources
from obsiverse_lookout.provisioning.dashboards import Provider, ProvisionedDashboards, read_providers

log = structlog.get_logger(__name__)


class Provisioning:
    """The files below a folder that is laid out as Grafana's; None provisions nothing."""

    def __init__(
        self,
        folder: Path | None,
        sources: DataSources,
        folders: Folders,
        dashboards: Dashboards,
        rules: AlertRules,
        documents: Documents,
    ) -> None:
        self._folder = folder
        self._sources = sources
        self._folders = folders
        self._rules = rules
        self._documents = documents
        self._dashboards = ProvisionedDashboards(dashboards, folders)
        self._providers: list[Provider] = []
        self._tasks: list[asyncio.Task[None]] = []

    def apply(self) -> None:
        """Read everything; raises BadFile, OSError, sqlite3.Error."""
        if self._folder is None:
            return
        sources = data_sources.provision(self._folder / "datasources", self._sources)
        self._providers = read_providers(self._folder / "dashboards")
        for provider in self._providers:
            self._dashboards.refresh(provider)
        rules = alerting.provision(self._folder / "alerting", self._rules, self._folders, self._documents)
        shown = sum(len(provider.dashboards) for provider in self._providers)
        log.info("provisioned", data_sources=sources, dashboards=shown, alert_rules=rules)

    def watch(self) -> None:
        """Begin to look for changed dashboards."""
        self._tasks = [asyncio.create_task(self._watch(provider)) for provider in self._providers]

    async def close(self) -> None:
        """Stop looking."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self, provider: Provider) -> None:
        while True:
            await asyncio.sleep(provider.seconds)
            try:
                await asyncio.to_thread(self._dashboards.refresh, provider)
            except Exception:
                # The next look may find the folder readable again.
                log.exception("dashboards can't be read again", provider=provider.name)
