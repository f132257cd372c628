"""Managed Prometheus: the Alertmanager's definition, routed as on this machine, with SNS as its receiver.

https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-config.html
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.scalarstring import LiteralScalarString

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.faults import is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import amp_workspace, sns_topic
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source

SECONDS = 180
RECEIVER = "sns"
SUBJECT = "{{ .CommonLabels.alertname }}: {{ .Status }}"


class AmpAlertmanager(Kind):
    """The definition of the workspace's Alertmanager."""

    name = "amp-alertmanager"
    actions = (
        "aps:CreateAlertManagerDefinition", "aps:DeleteAlertManagerDefinition", "aps:DescribeAlertManagerDefinition",
        "aps:PutAlertManagerDefinition",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        workspace = f"{amp_workspace.NAME}/{source.promotion.name}"
        topic = sns_topic.alerts(source.promotion)
        properties = {"workspace": Ref(workspace, "id"), "definition": definition(source, source.arn("sns", topic))}
        after = frozenset({f"{sns_topic.NAME}/{topic}"})
        yield Resource(self.name, source.promotion.name, properties, parent=workspace, after=after)

    def read(self, place: Place, resource: Resource) -> Found | None:
        found = _describe(place, resource)
        if found is None:
            return None
        workspace, status = resource.properties["workspace"], found["status"]["statusCode"]
        wanted, told = resource.properties["definition"], found["data"].decode()
        # The same said in other words, by Terraform, is no difference.
        definition = wanted if _read(told) == _read(wanted) else told
        return Found({"workspace": workspace, "definition": definition}, ready=status == "ACTIVE")

    def create(self, place: Place, resource: Resource) -> None:
        place.client("amp").create_alert_manager_definition(**_arguments(resource))

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        place.client("amp").put_alert_manager_definition(**_arguments(resource))

    def delete(self, place: Place, resource: Resource) -> None:
        place.client("amp").delete_alert_manager_definition(workspaceId=resource.properties["workspace"])
        place.wait(lambda: _describe(place, resource) is None, "deletion of the Alertmanager's definition", SECONDS)

    def wait(self, place: Place, resource: Resource) -> None:
        def active() -> bool:
            found = _describe(place, resource)
            if found and found["status"]["statusCode"].endswith("_FAILED"):
                reason = found["status"].get("statusReason", "no reason is given")
                raise PromoteError(f"the Alertmanager's definition: {reason}", "Correct compose/alertmanager.yaml.")
            return found is not None and found["status"]["statusCode"] == "ACTIVE"

        place.wait(active, "the Alertmanager's definition ACTIVE", SECONDS)


def definition(source: Source, topic: str) -> str:
    """The document: routes and inhibitions of compose/alertmanager.yaml, all to a topic."""
    file = source.root / "compose" / "alertmanager.yaml"
    yaml: Any = YAML(typ="safe", pure=True)
    local = yaml.load(yaml.load(file)["configs"]["alertmanager"]["content"])
    sns = {
        "topic_arn": topic,
        "sigv4": {"region": source.target.region},
        "subject": SUBJECT,
        "attributes": {"severity": "{{ .CommonLabels.severity }}"},
    }
    config = {
        "route": {**local["route"], "receiver": RECEIVER},
        "inhibit_rules": local.get("inhibit_rules", []),
        "receivers": [{"name": RECEIVER, "sns_configs": [sns]}],
    }
    return _dumped({"alertmanager_config": LiteralScalarString(_dumped(config))})


def _read(text: str) -> Any:
    """What a definition says; the text itself where it is no definition."""
    yaml: Any = YAML(typ="safe", pure=True)
    try:
        document = yaml.load(text)
        return {**document, "alertmanager_config": yaml.load(document["alertmanager_config"])}
    except (YAMLError, TypeError, KeyError):
        return text


def _dumped(document: dict[str, Any]) -> str:
    written = io.StringIO()
    yaml: Any = YAML()
    yaml.width = 200
    yaml.dump(document, written)
    return written.getvalue()


def _arguments(resource: Resource) -> dict[str, Any]:
    properties = resource.properties
    return {"workspaceId": properties["workspace"], "data": str(properties["definition"]).encode()}


def _describe(place: Place, resource: Resource) -> dict[str, Any] | None:
    try:
        answer = place.client("amp").describe_alert_manager_definition(workspaceId=resource.properties["workspace"])
    except Exception as error:
        if is_missing(error):
            return None
        raise
    found: dict[str, Any] = answer["alertManagerDefinition"]
    return None if found["status"]["statusCode"] == "DELETING" else found
