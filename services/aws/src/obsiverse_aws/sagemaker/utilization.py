"""What the instances of endpoints use, as CloudWatch metrics of /aws/sagemaker/Endpoints.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html#cloudwatch-metrics-jobs
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from obsiverse_client import AgentClient, AgentError, AgentUnreachable

from obsiverse_aws.clients import Clients
from obsiverse_aws.sagemaker.models import Endpoint, Instance, Variant
from obsiverse_aws.store import Key, Store

NAMESPACE = "/aws/sagemaker/Endpoints"
SECONDS = 10.0
"""How often, where an endpoint's MetricsConfig does not say. AWS does it every 60 s, which is long to wait in a sandbox."""
MAX_DATA = 1000
_log = logging.getLogger(__name__)
Datum = dict[str, Any]


class Utilization:
    """A thread that measures and puts. `data` is a folder on the disk that instances write to."""

    def __init__(self, store: Store, agent: AgentClient, data: Path) -> None:
        self._store = store
        self._agent = agent
        self._data = data
        self._closing = threading.Event()
        self._put_at: dict[Key, float] = {}

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._run, name="utilization", daemon=True).start()

    def close(self) -> None:
        """End."""
        self._closing.set()

    def _run(self) -> None:
        while not self._closing.wait(SECONDS):
            try:
                self.put()
            except (AgentUnreachable, AgentError, ClientError, BotoCoreError) as error:
                _log.warning("what endpoints use is not in CloudWatch: %s", error)

    def put(self) -> None:
        """Measure all endpoints that are due, and put the values.

        Raises AgentUnreachable, AgentError, ClientError, BotoCoreError.
        """
        now = time.monotonic()
        endpoints = [one for one in self._store.all(Endpoint) if one.current is not None and self._is_due(one, now)]
        if not endpoints:
            return
        usage = self._agent.all_stats()
        places: dict[tuple[str, str], list[Datum]] = {}
        for endpoint in endpoints:
            self._put_at[endpoint.key] = now
            data = places.setdefault((endpoint.account, endpoint.region), [])
            for variant, instance in endpoint.kept():
                data += self._instance(endpoint, variant, instance, usage)
        for place, data in places.items():
            for start in range(0, len(data), MAX_DATA):
                Clients(*place).cloudwatch.put_metric_data(
                    Namespace=NAMESPACE, MetricData=data[start : start + MAX_DATA]
                )

    def _is_due(self, endpoint: Endpoint, now: float) -> bool:
        seconds = _metrics(endpoint).get("MetricPublishFrequencyInSeconds", SECONDS)
        # Half a turn early rather than a whole one late.
        last = self._put_at.get(endpoint.key)
        return last is None or now - last >= seconds - SECONDS / 2

    def _instance(
        self, endpoint: Endpoint, variant: Variant, instance: Instance, usage: dict[str, dict[str, Any]]
    ) -> Iterator[Datum]:
        found = [usage[task] for task in instance.tasks if task in usage]
        if not found:
            return
        values = {
            "CPUUtilization": sum(one["cpu_percent"] for one in found),
            "MemoryUtilization": 100 * sum(one["rss_bytes"] for one in found) / _memory_bytes(),
            "DiskUtilization": 100 * _disk_share(self._data),
        }
        place = {"EndpointName": endpoint.name, "VariantName": variant.name}
        levels = [place]
        if _metrics(endpoint).get("EnableEnhancedMetrics"):
            levels.append({**place, "InstanceId": instance.id})
        for level in levels:
            for name, value in values.items():
                dimensions = [{"Name": key, "Value": text} for key, text in level.items()]
                yield {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": "Percent"}


def _metrics(endpoint: Endpoint) -> dict[str, Any]:
    return endpoint.current.settings.get("MetricsConfig", {}) if endpoint.current is not None else {}


def _memory_bytes() -> int:
    """The machine's: an instance is a share of it."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _disk_share(folder: Path) -> float:
    total, used, _ = shutil.disk_usage(folder)
    return used / total
