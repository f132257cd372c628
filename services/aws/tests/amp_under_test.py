"""An edge with Managed Prometheus's data plane, workspaces as tasks, and the stack's own Prometheus as one of them."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_under_test import REGION, ROOT, START_SECONDS, Platform, answers, free_port, wait_for

GET = """
from pathlib import Path
from obsiverse.components import get, python_environment
print(python_environment(Path("services/telemetry"), Path(".obsiverse/venvs")))
for name in ("prometheus", "alertmanager", "promtool", "amtool"):
    print(get(name).path)
"""


def template(name: str, program: str, port: int) -> dict[str, Any]:
    """A task template, as compose/workspace.yaml has it."""
    # With a bundle of certificates the AWS SDK refuses the HTTP client that Alertmanager gives it.
    script = 'unset AWS_CA_BUNDLE; cd "$HOME_OF_DATA" && exec "$0" --web.listen-address="127.0.0.1:$PORT" "$@"'
    return {
        "image": f"prom/{name}",
        "command": ["/bin/sh", "-c", script, program],
        "ports": [{"container": port, "env": "PORT"}],
        "paths": {f"/{name}": "HOME_OF_DATA"},
        "health": {
            "http": {"port": port, "path": "/-/ready"},
            "interval": 5,
            "start_period": 60,
            "start_interval": 0.1,
        },
        "stop_grace": 5,
    }


BUILT_IN = "444444444444"
"""The account of the stack's own Prometheus."""
OWN = """
rule_files: [rules/*.yml]
alerting:
  alertmanagers:
    - file_sd_configs: [{files: [rules/*.json], refresh_interval: 5s}]
"""


def start_own(platform: Platform, folder: Path, prometheus: str, alertmanager: str) -> dict[str, str]:
    """Start the stack's own programs, as compose/prometheus.yaml does; the variables that tell the edge of them."""
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    (folder / "rules").mkdir()
    (folder / "prometheus.yml").write_text(OWN)
    (folder / "alertmanager.yml").write_text("route: {receiver: own}\nreceivers: [{name: own}]\n")
    options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb", "--web.enable-lifecycle"]
    # An alert that fired before the definition's Alertmanager was known is sent there soon.
    options.append("--rules.alert.resend-delay=1s")
    platform._spawn("prometheus", [prometheus, *options, f"--web.listen-address={addresses[0]}"], {})
    options = [f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data", "--cluster.listen-address="]
    platform._spawn("alertmanager", [alertmanager, *options, f"--web.listen-address={addresses[1]}"], {})
    for address in addresses:
        wait_for(lambda address=address: answers(f"http://{address}/-/ready"), address, START_SECONDS)
    names = {"PROMETHEUS_ADDR": addresses[0], "ALERTMANAGER_ADDR": addresses[1], "AMP_RULES": str(folder / "rules")}
    return {**names, "OBSIVERSE_ACCOUNT": BUILT_IN, "OBSIVERSE_REGION": REGION}


@contextlib.contextmanager
def edge_with_workspaces(folder: Path, cache: Path) -> Iterator[Platform]:
    """An edge with a data plane, and an agent that knows the templates of workspaces."""
    made = subprocess.run([ROOT / ".venv/bin/python", "-c", GET], cwd=ROOT, check=True, capture_output=True, text=True)
    python, prometheus, alertmanager, promtool, amtool = made.stdout.split()
    address = f"127.0.0.1:{free_port()}"
    platform = Platform(folder, cache)
    variables = {
        "TELEMETRY_LISTEN": address,
        "TELEMETRY_DATA": str(folder / "telemetry"),
        "TELEMETRY_ADDR": address,
        "TELEMETRY_AWS": f"127.0.0.1:{platform.edge_port}",
        "PROMTOOL": promtool,
        "AMTOOL": amtool,
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, value)
        for name, value in start_own(platform, folder, prometheus, alertmanager).items():
            environment.setenv(name, value)
        platform._spawn("telemetry", [python, "-m", "obsiverse_telemetry"], {})
        try:
            wait_for(lambda: answers(f"http://{address}/health"), "telemetry", START_SECONDS)
            platform.start_agent()
            platform.agent.put_template("workspace-prometheus", template("prometheus", prometheus, 9090))
            platform.agent.put_template("workspace-alertmanager", template("alertmanager", alertmanager, 9093))
            platform.start_edge()
            yield platform
        finally:
            platform.end()
