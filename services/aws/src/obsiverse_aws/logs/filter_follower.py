"""Metric and subscription filters, applied to what comes to a group, by PutLogEvents or OTLP, also while the edge was away."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from localstack.aws.api import CommonServiceException
from localstack.services.logs.models import get_moto_logs_backend

from obsiverse_aws.logs.data_plane import DataPlane
from obsiverse_aws.logs.filters import Event, apply_filters

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 0.25
# Whose place in each group's events the data plane keeps. An edge that is killed may apply the last few twice.
READER = "filters"


class FilterFollower:
    """Looks for new events of groups that have filters."""

    def __init__(self, data_plane: DataPlane) -> None:
        self._data_plane = data_plane
        self._closed = threading.Event()

    def start(self) -> None:
        """Begin, in a thread of its own."""
        threading.Thread(target=self._look, name="log-filters", daemon=True).start()

    def close(self) -> None:
        """Look for events no more."""
        self._closed.set()

    def begin(self, account: str, region: str, group: str) -> None:
        """Have a group's filters see what comes from now on, unless it has some already; raises what the data plane answers."""
        if not _has_filters(account, region, group):
            newest = self._data_plane.call(account, region, "ObsiverseNewEvents", {"logGroupName": group})["last"]
            self._acknowledge(account, region, group, newest)

    def _look(self) -> None:
        while not self._closed.wait(LOOK_SECONDS):
            for account, region, group in _groups_with_filters():
                try:
                    self._apply(account, region, group)
                except CommonServiceException as error:
                    LOG.info("filters of %s wait: %s", group, error)
                except Exception:
                    LOG.exception("filters of %s", group)

    def _apply(self, account: str, region: str, group: str) -> None:
        def match(pattern: str, events: list[Event]) -> list[tuple[Event, dict[str, str]]]:
            asked = {"filterPattern": pattern, "logEventMessages": [event["message"] for event in events]}
            found = self._data_plane.call(account, region, "TestMetricFilter", asked)["matches"]
            return [(events[one["eventNumber"] - 1], one["extractedValues"]) for one in found]

        asked = {"logGroupName": group, "reader": READER}
        page = self._data_plane.call(account, region, "ObsiverseNewEvents", asked)
        while page["events"]:
            for stream, events in groupby(page["events"], lambda event: event["logStreamName"]):
                put = [{"timestamp": event["timestamp"], "message": event["message"]} for event in events]
                apply_filters(account, region, group, stream, put, match)
            page = self._acknowledge(account, region, group, page["last"])

    def _acknowledge(self, account: str, region: str, group: str, last: int) -> Any:
        asked = {"logGroupName": group, "reader": READER, "acknowledge": last}
        return self._data_plane.call(account, region, "ObsiverseNewEvents", asked)


def _has_filters(account: str, region: str, group: str) -> bool:
    return group in _with_filters(get_moto_logs_backend(account, region))


def _groups_with_filters() -> Iterator[tuple[str, str, str]]:
    from moto.logs.models import logs_backends

    for account, regions in list(logs_backends.items()):
        for region, backend in list(regions.items()):
            for group in _with_filters(backend):
                yield account, region, group


def _with_filters(backend: Any) -> set[str]:
    subscribed = {name for name, group in list(backend.groups.items()) if group.subscription_filters}
    return subscribed | {one["logGroupName"] for one in list(backend.filters.metric_filters)} & set(backend.groups)
