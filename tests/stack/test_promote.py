"""Promotion to `stage`, another account and region of the running stack's edge: apply, verify, drift, rollback."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from obsiverse import promote
from obsiverse.promote.check import Outcome, verify
from obsiverse.promote.checks import all_checks
from obsiverse.promote.grafana import PREFIX, Grafana
from obsiverse.promote.mlflow import MLflow
from obsiverse.targets import load_target

ROOT = Path(__file__).resolve().parents[2]
OBSIVERSE = ROOT / ".venv" / "bin" / "obsiverse"
pytestmark = [
    pytest.mark.timeout(900),
    # The workspace's data sources have the addresses of the target's file, which are this machine's and no container's.
    pytest.mark.skipif(
        os.environ.get("OBSIVERSE_ENGINE") == "docker", reason="stage's addresses are those of native services"
    ),
]
READS = re.compile(r"^(Describe|List|Get|Head|BatchGet)")
ACCOUNTS_OF_GRAFANA = {
    "CreateWorkspaceServiceAccount", "CreateWorkspaceServiceAccountToken", "DeleteWorkspaceServiceAccount",
}  # fmt: skip
"""What reading a Grafana takes: an account, for as long as the plan is made."""


def quiet(key: str, stage: str, detail: str) -> None:
    """A report to nobody."""


class Stage:
    """The target, through the command line as a user has it and through the package."""

    def __init__(self, stack: Any, file: Path) -> None:
        self._stack = stack
        self.file = file
        ports = {name: value for name, value in stack.environment.items() if name.endswith(("_PORT", "_ADDR"))}
        self.environment: dict[str, str] = {**addresses(stack), **ports}
        self.target = load_target(file, self.environment)

    def run(self, *arguments: str, check: bool = True) -> Any:
        return self._stack.run("promote", *arguments, "--target", str(self.file), check=check, timeout=600)

    def plan(self) -> dict[str, Any]:
        done = self.run("plan", "--json", check=False)
        assert done.returncode in (0, 2), done.stderr
        found = json.loads(done.stdout)
        assert done.returncode == (2 if found["changes"] else 0)
        return found

    def changes(self) -> dict[str, str]:
        return {one["key"]: one["action"] for one in self.plan()["steps"] if one["action"] not in ("keep", "use")}

    def kill_after(self, ready: int) -> None:
        """Apply, and kill -9 once so many resources are ready."""
        command = [OBSIVERSE, "promote", "apply", "--yes", "--target", str(self.file)]
        with subprocess.Popen(command, env=self._stack.environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            for line in process.stderr:
                ready -= ": ready" in line
                if ready <= 0:
                    process.kill()
        assert process.returncode == -signal.SIGKILL

    def session(self) -> Any:
        return promote.open_session(self.file, self.environment, self.environment)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.target.endpoints.aws,
            region_name=self.target.region,
            aws_access_key_id=self.target.account,
            aws_secret_access_key="test",
        )


def addresses(stack: Any) -> dict[str, str]:
    """Where the stack is, as targets' files read it."""
    named = {"AWS_ADDR": "AWS_ENDPOINT_URL", "ENDPOINTS_ADDR": "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"}
    named |= {"MLFLOW_ADDR": "MLFLOW_TRACKING_URI", "OTEL_HTTP_ADDR": "OTEL_EXPORTER_OTLP_ENDPOINT"}
    found = {name: stack.env[variable].partition("//")[2] for name, variable in named.items()}
    found["TELEMETRY_ADDR"] = stack.env["XRAY_TRACES_ENDPOINT"].partition("//")[2].partition("/")[0]
    return found


@pytest.fixture(scope="module")
def stage(stack: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The target `stage`, with nothing in it before and after."""
    file = tmp_path_factory.mktemp("targets") / "stage.yaml"
    shutil.copy(ROOT / "targets" / "stage.yaml", file)
    made = Stage(stack, file)
    account = made.target.account
    httpx.post(f"{made.target.endpoints.aws}/_obsiverse/accounts/{account}/reset", timeout=60).raise_for_status()
    yield made
    httpx.post(f"{made.target.endpoints.aws}/_obsiverse/accounts/{account}/reset", timeout=60).raise_for_status()


@pytest.fixture(scope="module")
def applied(stage: Stage) -> Stage:
    """The same, applied to."""
    assert stage.plan()["counts"]["create"] > 20
    stage.run("apply", "--yes")
    return stage


def recorded(session: Any) -> list[str]:
    """The operations that a session calls from now on."""
    seen: list[str] = []

    def prepare(client: Any) -> None:
        client.meta.events.register("before-call", lambda model, **_: seen.append(model.name))

    session.place._prepare = session.source.local._prepare = prepare
    return seen


def test_a_plan_touches_nothing(applied: Stage, monkeypatch: pytest.MonkeyPatch):
    """Recorded at the clients: every call but those for Grafana's own account reads."""
    methods: list[str] = []
    request = Grafana.request

    def record(self: Grafana, method: str, path: str, body: Any = None) -> Any:
        methods.append(method)
        return request(self, method, path, body)

    monkeypatch.setattr(Grafana, "request", record)
    asked: list[str] = []
    send = MLflow._send

    def recorded_send(self: MLflow, method: str, path: str, *arguments: Any, **named: Any) -> httpx.Response:
        asked.append(method)
        return send(self, method, path, *arguments, **named)

    monkeypatch.setattr(MLflow, "_send", recorded_send)
    with applied.session() as session:
        seen = recorded(session)
        made = session.plan()
    assert not made.changes
    assert len(seen) > 20
    assert {name for name in seen if not READS.match(name)} == ACCOUNTS_OF_GRAFANA
    assert set(methods) == set(asked) == {"GET"}
    grafana = applied.client("grafana")
    [workspace] = grafana.list_workspaces()["workspaces"]
    accounts = grafana.list_workspace_service_accounts(workspaceId=workspace["id"])["serviceAccounts"]
    assert [one for one in accounts if one["name"].startswith(PREFIX)] == []


def test_a_second_plan_is_empty_and_a_second_apply_does_nothing(applied: Stage):
    assert applied.changes() == {}
    assert "No changes" in applied.run("apply").stdout


def test_everything_is_proved_end_to_end(applied: Stage):
    with applied.session() as session:
        results = list(verify(all_checks(), session, session.plan()))
    assert [one for one in results if one.outcome is not Outcome.PASSED] == []
    subjects = {one.subject.partition(" ")[0] for one in results}
    assert subjects == {"alarm", "dashboard", "endpoint", "metrics", "traces"}


def test_what_is_changed_behind_its_back_is_shown_applied_and_restored_by_rollback(
    applied: Stage, eventually: Callable[..., Any]
):
    rules = b"groups:\n  - name: theirs\n    rules:\n      - record: theirs\n        expr: vector(1)\n"
    amp = applied.client("amp")
    [workspace] = [one["workspaceId"] for one in amp.list_workspaces()["workspaces"]]

    def rules_now() -> tuple[str, bytes]:
        found = amp.describe_rule_groups_namespace(workspaceId=workspace, name="endpoint")["ruleGroupsNamespace"]
        return found["status"]["statusCode"], found["data"]

    amp.put_rule_groups_namespace(workspaceId=workspace, name="endpoint", data=rules)
    amp.create_rule_groups_namespace(workspaceId=workspace, name="theirs", data=rules)
    applied.client("logs").put_retention_policy(logGroupName="/obsiverse/otlp", retentionInDays=7)
    _edit_dashboard(applied, "Latency, as I like it")
    eventually(lambda: rules_now() == ("ACTIVE", rules))

    found = applied.plan()
    changed = {one["key"]: one for one in found["steps"] if one["action"] == "change"}
    assert set(changed) == {"amp-rules/endpoint", "grafana-dashboard/obsiverse-endpoint", "log-group//obsiverse/otlp"}
    assert all("changed in the target" in one["note"] for one in changed.values())
    [title] = changed["grafana-dashboard/obsiverse-endpoint"]["differences"]
    assert title["old"] == "Latency, as I like it"
    assert found["others"] == ["amp-rules/theirs"]

    applied.run("apply", "--yes")
    assert applied.changes() == {}
    applied.run("rollback", "--yes")
    # What was there before the apply, not before promotion.
    assert rules_now() == ("ACTIVE", rules)
    assert _dashboard(applied)["title"] == "Latency, as I like it"
    assert set(applied.changes()) == set(changed)
    applied.run("apply", "--yes")
    amp.delete_rule_groups_namespace(workspaceId=workspace, name="theirs")


def test_an_endpoint_that_was_changed_goes_back_by_canary_and_rollback_restores_the_change(applied: Stage):
    sagemaker = applied.client("sagemaker")
    promoted = sagemaker.describe_endpoint(EndpointName="clinical")["EndpointConfigName"]
    [variant] = sagemaker.describe_endpoint_config(EndpointConfigName=promoted)["ProductionVariants"]
    sagemaker.create_endpoint_config(
        EndpointConfigName="by-hand", ProductionVariants=[{**variant, "VariantName": "ByHand"}]
    )
    sagemaker.update_endpoint(EndpointName="clinical", EndpointConfigName="by-hand")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="clinical", WaiterConfig={"Delay": 1})

    found = applied.plan()
    [change] = [one for one in found["steps"] if one["action"] == "change"]
    assert change["key"] == "sagemaker-endpoint/clinical"
    assert change["differences"] == [{"path": "config", "old": "by-hand", "new": promoted}]
    assert "sagemaker-endpoint-config/by-hand" in found["others"]

    applied.run("apply", "--yes")
    now = sagemaker.describe_endpoint(EndpointName="clinical")
    assert (now["EndpointStatus"], now["EndpointConfigName"]) == ("InService", promoted)
    routing = now["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert (routing["Type"], routing["CanarySize"]["Value"]) == ("CANARY", 50)

    applied.run("rollback", "--yes")
    assert sagemaker.describe_endpoint(EndpointName="clinical")["EndpointConfigName"] == "by-hand"
    applied.run("apply", "--yes")
    sagemaker.delete_endpoint_config(EndpointConfigName="by-hand")
    assert applied.changes() == {}


def test_nothing_secret_is_printed_or_kept(applied: Stage):
    shown = applied.run("export", "json").stdout + applied.file.with_suffix(".journal.jsonl").read_text()
    assert not re.search(r"glsa_|secretKey|SecretAccessKey|AKIA", shown)
    assert applied.file.with_suffix(".journal.jsonl").stat().st_mode & 0o777 == 0o600
    document = json.loads(applied.run("export", "json").stdout)
    assert {one["key"] for one in document["resources"]} == {one["key"] for one in applied.plan()["steps"]}


def test_another_accounts_credentials_do_nothing(applied: Stage, tmp_path: Path):
    file = tmp_path / "stage.yaml"
    text = applied.file.read_text().replace("source: emulated", "source: environment")
    file.write_text(text)
    other = Stage(applied._stack, file)
    keys = {"AWS_ACCESS_KEY_ID": "333333333333", "AWS_SECRET_ACCESS_KEY": "test"}
    before = dict(other._stack.environment)
    other._stack.environment.update(keys)
    try:
        done = other.run("apply", "--yes", check=False)
    finally:
        other._stack.environment = before
    assert done.returncode == 1
    assert "333333333333" in done.stderr
    assert "nothing was done" in done.stderr


def test_a_name_that_is_not_ours_is_not_taken(applied: Stage, tmp_path: Path):
    """Another promotion with the same topic: it was not made under that name."""
    sns = applied.client("sns")
    sns.create_topic(Name="theirs-alerts")
    file = tmp_path / "stage.yaml"
    text = applied.file.read_text().replace(
        "promote:\n", "promote:\n  name: theirs\n  endpoints: []\n  grafana: false\n"
    )
    file.write_text(text)
    other = Stage(applied._stack, file)
    assert other.changes()["sns-topic/theirs-alerts"] == "taken"
    done = other.run("apply", "--yes", check=False)
    assert done.returncode == 1
    assert "sns-topic/theirs-alerts" in done.stderr
    assert "Nothing was done" in done.stderr
    sns.delete_topic(TopicArn=f"arn:aws:sns:{applied.target.region}:{applied.target.account}:theirs-alerts")


def test_an_apply_that_is_killed_again_and_again_comes_to_its_end(applied: Stage):
    applied.run("rollback", "--all", "--yes")
    for ready in (1, 6, 15):
        applied.kill_after(ready)
    applied.run("apply", "--yes")
    assert applied.changes() == {}
    journal = applied.file.with_suffix(".journal.jsonl").read_text().splitlines()
    begun = [one for one in map(json.loads, journal) if one["event"] in ("begin", "finish")]
    assert [one["event"] for one in begun[-2:]] == ["begin", "finish"]


def test_rollback_of_everything_leaves_nothing(applied: Stage):
    applied.run("rollback", "--all", "--yes")
    assert applied.client("amp").list_workspaces()["workspaces"] == []
    assert applied.client("grafana").list_workspaces()["workspaces"] == []
    assert applied.client("sagemaker").list_endpoints()["Endpoints"] == []
    assert applied.client("sns").list_topics()["Topics"] == []
    assert applied.client("xray").get_trace_segment_destination()["Destination"] == "XRay"
    assert applied.plan()["counts"]["create"] > 20
    assert not (applied.file.parent / "promoted" / "stage").exists()


def _dashboard(stage: Stage) -> dict[str, Any]:
    with stage.session() as session:
        [workspace] = session.place.client("grafana").list_workspaces()["workspaces"]
        return session.place.grafana(workspace["id"]).get("/dashboards/uid/obsiverse-endpoint")["dashboard"]


def _edit_dashboard(stage: Stage, title: str) -> None:
    with stage.session() as session:
        [workspace] = session.place.client("grafana").list_workspaces()["workspaces"]
        grafana = session.place.grafana(workspace["id"])
        dashboard = grafana.get("/dashboards/uid/obsiverse-endpoint")["dashboard"] | {"title": title}
        grafana.post("/dashboards/db", {"dashboard": dashboard, "folderUid": "obsiverse", "overwrite": True})
