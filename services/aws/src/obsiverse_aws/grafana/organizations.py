"""Which organisation of Grafana a workspace is.

An organisation is found by its name, which says the workspace: its id would go stale where Grafana loses its data.
"""

from __future__ import annotations

import contextlib
import logging
import re

from obsiverse_aws.grafana.grafana_api import MAIN_ORG, GrafanaApi, Missing, Taken
from obsiverse_aws.grafana.models import Workspace
from obsiverse_aws.store import Key

_log = logging.getLogger(__name__)
_NAME = re.compile(r"(?P<name>g-[0-9a-f]{10}) of (?P<account>\d{12}) in (?P<region>[a-z0-9-]+)")


class Organizations:
    """Makes and deletes them. Each call raises InternalServerException where Grafana is away."""

    def __init__(self, grafana: GrafanaApi) -> None:
        self._grafana = grafana

    def ensure(self, workspace: Workspace) -> int:
        """The id of a workspace's organisation, which is made if need be."""
        if workspace.built_in:
            return MAIN_ORG
        name = name_of(workspace.key)
        try:
            return self._grafana.org_named(name)
        except Missing:
            _log.info("making the organisation %r", name)
        try:
            return self._grafana.create_org(name)
        except Taken:
            return self._grafana.org_named(name)

    def delete(self, key: Key) -> None:
        """Delete a workspace's organisation, with its service accounts; nothing happens where it is gone."""
        with contextlib.suppress(Missing):
            org = self._grafana.org_named(name_of(key))
            # Grafana leaves them as users of no organisation.
            for account in self._grafana.service_accounts(org):
                with contextlib.suppress(Missing):
                    self._grafana.delete_service_account(org, account["id"])
            self._grafana.delete_org(org)

    def keys(self) -> set[Key]:
        """The workspaces that have organisations."""
        found = [match for name in self._grafana.org_names() if (match := _NAME.fullmatch(name))]
        return {Key(match["account"], match["region"], match["name"]) for match in found}


def name_of(key: Key) -> str:
    """The name of a workspace's organisation."""
    return f"{key.name} of {key.account} in {key.region}"
