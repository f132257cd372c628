"""All that Lookout keeps and does, put together once."""

from __future__ import annotations

import time
from typing import Self

import httpx

from obsiverse_lookout.access import Access, admin_password
from obsiverse_lookout.alerting.rules import AlertRules
from obsiverse_lookout.alerting.scheduler import Scheduler
from obsiverse_lookout.annotations import Annotations
from obsiverse_lookout.dashboards import Dashboards
from obsiverse_lookout.data_sources import DataSources
from obsiverse_lookout.database import Database
from obsiverse_lookout.documents import Documents
from obsiverse_lookout.folders import Folders
from obsiverse_lookout.orgs import Orgs
from obsiverse_lookout.provisioning import Provisioning
from obsiverse_lookout.query.aws import Aws
from obsiverse_lookout.query.runner import Runner
from obsiverse_lookout.query.sources import Sources
from obsiverse_lookout.render import Renderer
from obsiverse_lookout.service_accounts import ServiceAccounts
from obsiverse_lookout.settings import Settings

CONNECT_SECONDS = 3.0
CONNECTIONS = 64


class Lookout:
    """The service; data sources are asked and alert rules evaluated between aenter and aexit.

    Raises:
        OSError, ValueError, sqlite3.Error: its data, its password or its provisioning files can't be used.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.data / "lookout.db")
        self.orgs = Orgs(self.database)
        self.service_accounts = ServiceAccounts(self.database)
        self.access = Access(admin_password(settings.password_file), self.orgs, self.service_accounts)
        self.folders = Folders(self.database)
        self.data_sources = DataSources(self.database)
        self.dashboards = Dashboards(self.database, self.folders)
        self.annotations = Annotations(self.database)
        self.documents = Documents(self.database)
        self.rules = AlertRules(self.database, self.folders)
        self.aws = Aws()
        self.client = httpx.AsyncClient(
            timeout=httpx.Timeout(settings.query_timeout, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            follow_redirects=False,
        )
        self.sources = Sources(self.client, self.aws, settings.query_timeout, settings.series_limit)
        self.runner = Runner(self.data_sources, self.sources, time.time)
        self.scheduler = Scheduler(self.rules, self.folders, self.data_sources, self.runner)
        self.renderer = Renderer(settings)
        self.provisioning = Provisioning(
            settings.provisioning, self.data_sources, self.folders, self.dashboards, self.rules, self.documents
        )
        self.provisioning.apply()

    async def __aenter__(self) -> Self:
        self.scheduler.start()
        self.provisioning.watch()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.provisioning.close()
        await self.scheduler.close()
        await self.client.aclose()
        self.aws.close()
        self.database.close()
