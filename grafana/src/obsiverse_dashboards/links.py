"""Ways from one dashboard to another that keep the time range and what was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from grafana_foundation_sdk.models.dashboard import DashboardLink, DashboardLinkType

TAG = "obsiverse"
"""Every dashboard of ours has it, and the menu shows what has it."""
RANGE = "${__url_time_range}"


class Uid(StrEnum):
    """The dashboards' uids: links, bookmarks and the promotion depend on them."""

    EXECUTIVE = "obsiverse-executive"
    PLATFORM = "obsiverse-platform"
    ENDPOINT = "obsiverse-endpoint"
    TRACES = "obsiverse-traces"
    MODEL_QUALITY = "obsiverse-model-quality"
    COST = "obsiverse-cost"
    TRAINING = "obsiverse-training"
    ALERTS = "obsiverse-alerts"


TITLES = {
    Uid.EXECUTIVE: "Executive",
    Uid.PLATFORM: "Platform",
    Uid.ENDPOINT: "Endpoint",
    Uid.TRACES: "Traces",
    Uid.MODEL_QUALITY: "Model quality",
    Uid.COST: "Cost and right-sizing",
    Uid.TRAINING: "Training",
    Uid.ALERTS: "Alerts",
}


@dataclass(frozen=True)
class Link:
    """A link from a value to a dashboard.

    Attributes:
        variables: name to value, in which Grafana replaces `${__field.labels.X}`, `${__data.fields.X}`, `${__value.raw}`.
        keep: variables that are passed on as they were chosen.
        panel: the one panel to show.
    """

    title: str
    to: Uid
    variables: tuple[tuple[str, str], ...] = ()
    keep: tuple[str, ...] = ()
    panel: int | None = None

    @property
    def url(self) -> str:
        """Relative to Grafana's address."""
        chosen = [f"var-{name}={value}" for name, value in self.variables]
        kept = [f"${{{name}:queryparam}}" for name in self.keep]
        shown = [] if self.panel is None else [f"viewPanel=panel-{self.panel}"]
        return f"/d/{self.to}?{'&'.join([*chosen, *kept, RANGE, *shown])}"

    def of_value(self) -> DashboardLink:
        """As a field has it."""
        return DashboardLink(title=self.title, url=self.url)

    def as_property(self) -> dict[str, object]:
        """As an override's property `links` has it."""
        return {"title": self.title, "url": self.url, "targetBlank": False}


def bar(*neighbours: Uid) -> list[DashboardLink]:
    """The links at a dashboard's top: its neighbours, and a menu of all."""
    found = [
        DashboardLink(
            title=TITLES[uid],
            type_val=DashboardLinkType.LINK,
            icon="dashboard",
            tooltip=f"To {TITLES[uid]}, with the same time range",
            url=f"/d/{uid}",
            include_vars=True,
            keep_time=True,
        )
        for uid in neighbours
    ]
    menu = DashboardLink(
        title="All dashboards",
        type_val=DashboardLinkType.DASHBOARDS,
        icon="external link",
        tooltip="The other dashboards, with the same time range",
        tags=[TAG],
        as_dropdown=True,
        include_vars=True,
        keep_time=True,
    )
    return [*found, menu]


def to_endpoint(endpoint: str = "${__field.labels.endpoint}") -> Link:
    """To the endpoint of a value."""
    return Link("How it answers", Uid.ENDPOINT, (("endpoint", endpoint),))


def to_traces(endpoint: str = "${__field.labels.endpoint}") -> Link:
    """To the traces of a value's endpoint."""
    return Link("Its traces", Uid.TRACES, (("endpoint", endpoint),))
