"""The collector's, Prometheus' and Alertmanager's files, checked by the programs that read them where they are there."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from obsiverse import compose
from obsiverse.components import explain, get
from obsiverse.targets import load_target

ROOT = Path(__file__).resolve().parents[3]
COLLECTOR = ROOT / "otel-collector" / "config.yaml"
RULES = ROOT / "prometheus" / "rules"
LISTEN = {
    "OTLP_GRPC_LISTEN": "127.0.0.1:4317",
    "OTLP_HTTP_LISTEN": "127.0.0.1:4318",
    "OTEL_HEALTH_LISTEN": "127.0.0.1:13133",
    "OTEL_QUEUE_DIR": "queue",
}
type Run = Callable[..., None]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a program, which must succeed; skips the test where it is not there and would have to be got."""

    def start(name: str, *arguments: str | Path, **environment: str) -> None:
        if explain(name).ok is not True:
            pytest.skip(f"{name} is not there yet; `python -m obsiverse.components get {name}` gets it")
        plain = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        command = [get(name).path, *arguments]
        done = subprocess.run(command, env=plain | environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return start


@pytest.mark.parametrize("target", ["local", "aws.example"])
def test_collector_takes_the_same_file_for_every_target(run: Run, target: str, tmp_path: Path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[default]\naws_access_key_id = A\naws_secret_access_key = s\n")
    environment = load_target(target, {}).environment()
    run("otelcol", "validate", f"--config={COLLECTOR}", **environment, **LISTEN)


def test_collector_takes_the_local_overlay(run: Run):
    overlay = ROOT / "otel-collector" / "local.yaml"
    addresses = dict.fromkeys(re.findall(r"\$\{env:(\w+)\}", overlay.read_text()), "127.0.0.1:1")
    environment = load_target("local", {}).environment()
    run("otelcol", "validate", f"--config={COLLECTOR}", f"--config={overlay}", **environment, **LISTEN, **addresses)


def test_collector_reads_nothing_that_a_target_does_not_set():
    read = set(re.findall(r"\$\{env:(\w+)\}", COLLECTOR.read_text()))
    for target in ("local", "aws.example"):
        assert read <= load_target(target, {}).environment().keys() | LISTEN.keys()


def test_collector_holds_no_address():
    values = re.sub(r"#.*", "", COLLECTOR.read_text())
    assert not re.findall(r"https?://(?!\$)|\b127\.0\.0\.1|\blocalhost|amazonaws", values)


def test_memory_limiter_is_first_in_every_pipeline():
    for file in (COLLECTOR, ROOT / "otel-collector" / "local.yaml"):
        for pipeline in YAML(typ="safe").load(file)["service"]["pipelines"].values():
            assert pipeline["processors"][0] == "memory_limiter"


@pytest.mark.parametrize("rules", sorted(RULES.glob("*.yml")), ids=lambda file: file.stem)
def test_rules_do_what_their_tests_say(run: Run, rules: Path):
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", rules)
    run("promtool", "test", "rules", RULES / "tests" / rules.name)


def test_every_alert_says_how_bad_what_and_what_to_do():
    for file in RULES.glob("*.yml"):
        for group in YAML(typ="safe").load(file)["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
                    assert rule["annotations"].keys() == {"summary", "description"}, rule["alert"]


@pytest.fixture(scope="module")
def configs() -> dict[str, str]:
    """The configurations in the Compose files, as the native engine writes them."""
    project = compose.load((ROOT / "compose" / "compose.yaml",), environment={}, profiles=("task",), native=True)
    return {name: config.read() for name, config in project.configs.items()}


def test_prometheus_takes_its_configuration_with_the_rules(run: Run, configs: dict[str, str], tmp_path: Path):
    (tmp_path / "prometheus.yml").write_text(configs["prometheus"])
    for file in RULES.glob("*.yml"):
        (tmp_path / f"rules-{file.name}").write_text(configs[f"rules-{file.stem}"])
    run("promtool", "check", "config", tmp_path / "prometheus.yml")


def test_alertmanager_takes_its_configuration(run: Run, configs: dict[str, str], tmp_path: Path):
    (tmp_path / "alertmanager.yml").write_text(configs["alertmanager"])
    run("amtool", "check-config", tmp_path / "alertmanager.yml")


def test_alerts_go_to_the_inbox(configs: dict[str, str]):
    config = YAML(typ="safe").load(configs["alertmanager"])
    [receiver] = config["receivers"]
    [slack] = receiver["slack_configs"]
    assert config["route"]["receiver"] == receiver["name"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/services/T00000000/B00000000/local", slack["api_url"])
