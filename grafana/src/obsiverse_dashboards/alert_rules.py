"""Grafana's own alert rules: few, on what nobody should find out from a customer.

They read Managed Prometheus and do with a query, a reduction and a threshold, which Lookout can evaluate too. Texts name labels as
`.Labels.x` rather than `$labels.x`, since Grafana replaces what begins with $ in provisioning files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.alerting import Query, RelativeTimeRange, Rule, RuleGroup
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.expr import (
    ExprTypeReduceSettings,
    ExprTypeThresholdConditions,
    ExprTypeThresholdConditionsEvaluator,
    TypeReduce,
    TypeThreshold,
)

from obsiverse_dashboards.document import to_plain
from obsiverse_dashboards.links import Uid
from obsiverse_dashboards.queries import AMP, promql_now

FOLDER = "obsiverse"
DATA_SOURCE = "amp"
"""An alert rule can't take a variable; the data source has this uid wherever it is made."""
EXPRESSIONS = "__expr__"
CHOSEN = "?var-endpoint={{ .Labels.endpoint }}"
SECONDS = 60
WINDOW = 600


@dataclass(frozen=True)
class Alert:
    """One rule.

    Attributes:
        expr: PromQL; each series is an alert of its own.
        above, below: the limit that the last value has to pass.
        lasting: how long it has to, as Grafana writes durations.
        runbook: what to do, in a sentence or two.
        dashboard: the one that shows what is the matter.
    """

    uid: str
    title: str
    expr: str
    summary: str
    runbook: str
    severity: str
    dashboard: Uid
    lasting: str = "2m"
    above: float | None = None
    below: float | None = None

    def rule(self, group: str) -> Rule:
        """As Grafana has it."""
        if self.below is not None:
            evaluator = ExprTypeThresholdConditionsEvaluator(params=[self.below], type_val="lt")
        elif self.above is not None:
            evaluator = ExprTypeThresholdConditionsEvaluator(params=[self.above], type_val="gt")
        else:
            raise ValueError(f"alert {self.uid} has neither `above` nor `below`")
        itself = DataSourceRef(type_val=EXPRESSIONS, uid=EXPRESSIONS)
        return Rule(
            uid=self.uid,
            title=self.title,
            folder_uid=FOLDER,
            rule_group=group,
            org_id=1,
            condition="C",
            data=[
                _query("A", DATA_SOURCE, self._measured(), WINDOW),
                _query(
                    "B",
                    EXPRESSIONS,
                    TypeReduce(
                        datasource=itself,
                        expression="A",
                        reducer="last",
                        settings=ExprTypeReduceSettings(mode="dropNN"),
                        ref_id="B",
                    ),
                ),
                _query(
                    "C",
                    EXPRESSIONS,
                    TypeThreshold(
                        datasource=itself,
                        expression="B",
                        conditions=[ExprTypeThresholdConditions(evaluator=evaluator)],
                        ref_id="C",
                    ),
                ),
            ],
            # What nobody measures is told by ServiceDown and CollectorDown, once and not by each rule.
            no_data_state="OK",
            exec_err_state="Error",
            for_val=self.lasting,
            labels={"severity": self.severity},
            annotations={
                "summary": self.summary,
                "runbook": self.runbook,
                "dashboard": f"/d/{self.dashboard}{CHOSEN if self.dashboard is Uid.ENDPOINT else ''}",
            },
            is_paused=False,
        )

    def _measured(self) -> Dataquery:
        model = to_plain(promql_now(self.expr))
        model["datasource"] = {"type": AMP.type_val, "uid": DATA_SOURCE}
        return UnknownDataquery({**model, "refId": "A", "intervalMs": 15_000, "maxDataPoints": 1_000})


def _query(ref: str, source: str, model: Dataquery, window: int = 0) -> Query:
    return Query(
        ref_id=ref,
        query_type="",
        datasource_uid=source,
        relative_time_range=RelativeTimeRange(from_val=window, to=0),
        model=model,
    )


ENDPOINT = (
    Alert(
        uid="obsiverse-endpoint-errors",
        title="Model answers with errors",
        expr="endpoint_variant:model_errors:ratio_rate5m",
        above=0.05,
        summary="{{ .Labels.endpoint }} ({{ .Labels.variant }}) answers more than 5 % of its requests with an error",
        runbook=(
            "Open the Endpoint dashboard and read the container's log and the errors by kind. "
            "If it began with an update, update the endpoint to the configuration it had before."
        ),
        severity="critical",
        dashboard=Uid.ENDPOINT,
    ),
    Alert(
        uid="obsiverse-endpoint-latency",
        title="Model answers slowly",
        expr="endpoint_variant:model_duration_seconds:p99_rate5m and endpoint_variant:model_invocations:rate5m > 0",
        above=0.5,
        lasting="5m",
        summary="{{ .Labels.endpoint }} ({{ .Labels.variant }}) takes over half a second for its slowest 1 % of requests",
        runbook=(
            "On the Endpoint dashboard compare the wait for the model with the model itself. "
            "If requests wait, add instances; if the model takes long, look at a slow trace and at the size of batches."
        ),
        severity="warning",
        dashboard=Uid.ENDPOINT,
    ),
    Alert(
        uid="obsiverse-endpoint-silent",
        title="Endpoint has no requests",
        expr="sum by (endpoint) (rate(model_invocations_total[5m]))",
        below=0.001,
        lasting="10m",
        summary="{{ .Labels.endpoint }} was asked nothing for ten minutes",
        runbook=(
            "Ask whoever calls it whether that is meant. If not, look for failing calls in their logs and on the Traces dashboard; "
            "if yes, delete the endpoint: it costs as much as one that is busy."
        ),
        severity="warning",
        dashboard=Uid.ENDPOINT,
    ),
)

PLATFORM = (
    Alert(
        uid="obsiverse-collector-drops",
        title="Telemetry is being lost",
        # What was never dropped has no such series: the queues stand for 0.
        expr=(
            "sum by (exporter) ("
            + " or ".join(
                f"rate(otelcol_exporter_enqueue_failed_{kind}_total[5m])"
                for kind in ("spans", "metric_points", "log_records")
            )
            + ") or 0 * max by (exporter) (otelcol_exporter_queue_size)"
        ),
        above=0,
        summary="The collector's queue of {{ .Labels.exporter }} is full, and it drops what comes",
        runbook=(
            "`obsiverse logs otel-collector` says what the endpoint answers. While it is away nothing that comes is kept; "
            "once it answers again the queue empties by itself."
        ),
        severity="critical",
        dashboard=Uid.PLATFORM,
    ),
)


def groups() -> list[RuleGroup]:
    """All rules, in groups that are evaluated together each minute."""
    return [
        RuleGroup(folder_uid=FOLDER, interval=SECONDS, title=name, rules=[alert.rule(name) for alert in alerts])
        for name, alerts in (("endpoint", ENDPOINT), ("platform", PLATFORM))
    ]


def provisioning() -> dict[str, Any]:
    """As Grafana reads it from a file.

    https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/
    """
    found: list[dict[str, Any]] = []
    for group in groups():
        plain = to_plain(group)
        rules = [_provisioned(rule) for rule in plain["rules"]]
        found.append({"orgId": 1, "name": plain["title"], "folder": FOLDER, "interval": f"{SECONDS}s", "rules": rules})
    return {"apiVersion": 1, "groups": found}


def _provisioned(rule: dict[str, Any]) -> dict[str, Any]:
    given = (
        "uid",
        "title",
        "condition",
        "data",
        "noDataState",
        "execErrState",
        "for",
        "annotations",
        "labels",
        "isPaused",
    )
    return {name: rule[name] for name in given}
