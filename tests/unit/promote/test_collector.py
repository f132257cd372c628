"""The collector's files: what ECS and Kubernetes would take, with the same configuration everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from obsiverse.promote import collector
from obsiverse.promote.kinds.collector_files import CollectorFiles
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Ref, Resource
from obsiverse.promote.session import ROOT
from obsiverse.promote.source import Source
from obsiverse.targets import load_target
from tests.unit.promote.memory import ACCOUNT, StillPlace, target

WRITE = "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write"
CONFIGURATION = (ROOT / "otel-collector" / "config.yaml").read_text()


@pytest.fixture
def resource(tmp_path: Path) -> Resource:
    [found] = CollectorFiles().desired(Source(ROOT, target(), Place(load_target("local", {})), tmp_path))
    return found.resolved({"amp-workspace/obsiverse": {"remote_write": WRITE}})


@pytest.fixture
def files(resource: Resource) -> dict[str, str]:
    return resource.properties["files"]


def environment(files: dict[str, str], folder: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in files[f"{folder}/collector.env"].splitlines())


def test_the_configuration_is_the_same_bytes_everywhere(files: dict[str, str]):
    [container] = json.loads(files["ecs/task-definition.json"])["containerDefinitions"]
    told = {one["name"]: one["value"] for one in container["environment"]}
    assert container["command"] == ["--config=env:OTELCOL_CONFIG"]
    assert files["host/config.yaml"] == files["eks/config.yaml"] == told.pop("OTELCOL_CONFIG") == CONFIGURATION
    assert environment(files, "host") == environment(files, "eks") == told
    assert told["AMP_REMOTE_WRITE_URL"] == WRITE
    # Nothing that the configuration reads is left out, but credentials.
    wanted = {part.partition("}")[0] for part in CONFIGURATION.split("${env:")[1:]}
    assert wanted <= told.keys()


def test_ecs_takes_the_task_definition(files: dict[str, str]):
    definition = json.loads(files["ecs/task-definition.json"])
    shape = botocore.session.Session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
    report = ParamValidator().validate(definition, shape)
    assert not report.has_errors(), report.generate_report()
    assert definition["taskRoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/obsiverse-collector"
    # ECS takes 64 KiB: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html.
    assert len(files["ecs/task-definition.json"]) < 60_000


def test_the_manifests_belong_together(files: dict[str, str]):
    yaml: Any = YAML(typ="safe", pure=True)
    kinds = {one["kind"]: one for one in yaml.load_all(files["eks/collector.yaml"])}
    assert set(kinds) == {"Deployment", "Service", "ServiceAccount"}
    assert all(one["apiVersion"] in ("v1", "apps/v1") and one["metadata"]["name"] for one in kinds.values())
    spec = kinds["Deployment"]["spec"]
    labels, pod = spec["template"]["metadata"]["labels"], spec["template"]["spec"]
    assert spec["selector"]["matchLabels"] == kinds["Service"]["spec"]["selector"] == labels
    assert pod["serviceAccountName"] == kinds["ServiceAccount"]["metadata"]["name"]
    [container] = pod["containers"]
    assert container["image"] == collector.image(ROOT)
    mounted = {one["name"] for one in container["volumeMounts"]}
    assert mounted == {one["name"] for one in pod["volumes"]}
    assert {one["port"] for one in kinds["Service"]["spec"]["ports"]} == {4317, 4318}
    kustomization = yaml.load(files["eks/kustomization.yaml"])
    generated = {one["name"] for one in kustomization["configMapGenerator"]}
    used = {pod["volumes"][0]["configMap"]["name"], container["envFrom"][0]["configMapRef"]["name"]}
    assert used == generated
    named = [*kustomization["resources"]]
    for one in kustomization["configMapGenerator"]:
        named += one.get("files", []) + one.get("envs", [])
    assert {f"eks/{name}" for name in named} <= files.keys()
    assert yaml.load(files["eks/namespace.yaml"])["metadata"]["name"] == kustomization["namespace"]


@example('a: {}\nb: "CONFIGURATION"')
@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_whatever_a_configuration_has_in_it_only_the_address_is_filled_in(configuration: str):
    made = collector.Collector("x", "eu-west-1", configuration, {"URL": "{}"}, "image:1", "a/role", "a/other", "g")
    definition = made.files()["ecs/task-definition.json"]
    filled = Ref("a/b", "c", definition).text.replace("{}", WRITE)
    [container] = json.loads(filled)["containerDefinitions"]
    told = {one["name"]: one["value"] for one in container["environment"]}
    assert told == {"URL": WRITE, "OTELCOL_CONFIG": configuration}


def test_files_are_written_put_right_and_taken_away_with_their_folders(resource: Resource, tmp_path: Path):
    kind, place = CollectorFiles(), StillPlace(target())
    folder = tmp_path / "promoted" / "stage"
    kind.create(place, resource)
    found = kind.read(place, resource)
    assert found and found.properties == resource.properties
    assert {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()} == {
        *resource.properties["files"]
    }
    (folder / "ecs" / "mine.json").write_text("{}")
    kind.delete(place, resource)
    assert [one.name for one in folder.rglob("*") if one.is_file()] == ["mine.json"]
    (folder / "ecs" / "mine.json").unlink()
    kind.delete(place, resource)
    assert not folder.exists()
