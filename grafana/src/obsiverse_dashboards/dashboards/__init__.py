"""The dashboards, a module each, and all of them in the order in which they are listed."""

from __future__ import annotations

from collections.abc import Callable

from grafana_foundation_sdk.models.dashboard import Dashboard

from obsiverse_dashboards.dashboards import (
    alerts,
    cost,
    endpoint,
    executive,
    model_quality,
    platform,
    traces,
    training,
)

ALL: tuple[Callable[[], Dashboard], ...] = (
    executive.dashboard,
    platform.dashboard,
    endpoint.dashboard,
    traces.dashboard,
    model_quality.dashboard,
    cost.dashboard,
    training.dashboard,
    alerts.dashboard,
)
