"""What the platform shares with this machine's: rules and routes of alerts, read from where they are kept."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

ROOT = Path(__file__).resolve().parents[4]
MACHINE_ONLY = {"platform.yml"}
"""Rules on what only the services of one machine measure."""


def rules() -> dict[str, str]:
    """Files of prometheus/rules by the names of their namespaces."""
    files = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
    return {file.stem: file.read_text() for file in files if file.name not in MACHINE_ONLY}


def alertmanager_definition(topic: str, region: str) -> str:
    """The definition for Managed Prometheus: routes and inhibitions of compose/alertmanager.yaml, all to a topic.

    https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-config.html
    """
    reader = YAML(typ="safe", pure=True)
    compose: Any = reader.load(ROOT / "compose" / "alertmanager.yaml")
    local: Any = reader.load(compose["configs"]["alertmanager"]["content"])
    sns = {
        "topic_arn": topic,
        "sigv4": {"region": region},
        "subject": "{{ .CommonLabels.alertname }}: {{ .Status }}",
        "attributes": {"severity": "{{ .CommonLabels.severity }}"},
    }
    config = {
        "route": {**local["route"], "receiver": "sns"},
        "inhibit_rules": local.get("inhibit_rules", []),
        "receivers": [{"name": "sns", "sns_configs": [sns]}],
    }
    return _dumped({"alertmanager_config": LiteralScalarString(_dumped(config))})


def _dumped(document: dict[str, Any]) -> str:
    written = io.StringIO()
    yaml = YAML()
    yaml.width = 200
    yaml.dump(document, written)
    return written.getvalue()
