"""Which containers the collector reads metrics of, as Prometheus's HTTP service discovery has it.

https://prometheus.io/docs/prometheus/latest/http_sd/. The labels are those of SageMaker's detailed observability.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from yarl import URL

from obsiverse_endpoints.routes import InstanceDocument, RouteDocument
from obsiverse_endpoints.table import RouteTable


def targets(table: RouteTable) -> list[dict[str, Any]]:
    """What GET /_obsiverse/observability answers: each container with its path and interval."""
    return [target for key, route in table.items() for target in _targets(key.endpoint, route.document)]


def _targets(endpoint: str, route: RouteDocument) -> Iterator[dict[str, Any]]:
    for variant, instance in _instances(route):
        for container in instance.containers:
            if container.metrics is not None:
                several = len(instance.containers) > 1
                labels = {
                    "__metrics_path__": container.metrics.path,
                    "__scrape_interval__": f"{container.metrics.seconds}s",
                    "instance": f"{instance.id}/{container.hostname}" if several else instance.id,
                    "aws.sagemaker.endpoint.name": endpoint,
                    "aws.sagemaker.variant.name": variant,
                    "aws.sagemaker.container.id": container.hostname,
                    "host.id": instance.id,
                    "host.type": instance.type,
                }
                yield {"targets": [URL(container.url).authority], "labels": labels}


def _instances(route: RouteDocument) -> Iterator[tuple[str, InstanceDocument]]:
    for variant in route.variants:
        yield from ((variant.name, one) for one in variant.instances)
        yield from ((variant.name, one) for one in (variant.pending.instances if variant.pending else ()))
        if variant.shadow is not None:
            yield from ((variant.shadow.name, one) for one in variant.shadow.instances)
