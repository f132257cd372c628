"""Versions of registered models, each with the run behind it: parameters, metrics with their history, tags, artifacts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import mlflow_model
from obsiverse.promote.kinds.mlflow_model import MARK, all_tags, client, own_tags
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource, Unknown
from obsiverse.promote.source import Source

NAME = "mlflow-model-version"
SOURCE_RUN, SOURCE_VERSION = f"{MARK}.source_run_id", f"{MARK}.source_version"
"""Tags by which a copy is known again."""
BATCH = 1000
"""Metrics that log-batch takes in one request; of parameters and tags a tenth."""


class MlflowModelVersion(Kind):
    """A version with its run. The target numbers its versions itself; copies are known by their tags."""

    name = NAME
    actions = (
        "s3:GetObject", "s3:ListBucket", "s3:PutObject", "sagemaker-mlflow:CreateExperiment",
        "sagemaker-mlflow:CreateModelVersion", "sagemaker-mlflow:CreateRun", "sagemaker-mlflow:DeleteModelVersion",
        "sagemaker-mlflow:DeleteModelVersionTag", "sagemaker-mlflow:DeleteRegisteredModelAlias",
        "sagemaker-mlflow:DeleteRun", "sagemaker-mlflow:GetExperimentByName", "sagemaker-mlflow:GetModelVersion",
        "sagemaker-mlflow:GetRegisteredModel", "sagemaker-mlflow:LogBatch", "sagemaker-mlflow:SearchModelVersions",
        "sagemaker-mlflow:SearchRuns", "sagemaker-mlflow:SetModelVersionTag",
        "sagemaker-mlflow:SetRegisteredModelAlias", "sagemaker-mlflow:UpdateModelVersion", "sagemaker-mlflow:UpdateRun",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        for name, model in mlflow_model.chosen(source).items():
            aliases = _aliases(model)
            there = f"{source.promotion.model_prefix}{name}"
            for version in _versions(client(source.local), name):
                properties = {
                    "server": mlflow_model.server(source),
                    "model": there,
                    "from": {"model": name, "version": version["version"], "run": version.get("run_id", "")},
                    "experiment_prefix": source.promotion.model_prefix,
                    **_said(version, aliases),
                }
                parent = f"{mlflow_model.NAME}/{there}"
                yield Resource(self.name, f"{there}/{version['version']}", properties, parent)

    def read(self, place: Place, resource: Resource) -> Found | None:
        wanted = resource.properties
        if isinstance(wanted["server"], Unknown):
            return None
        mlflow = client(place)
        found = _copy(mlflow, wanted)
        model = found and mlflow.get("registered-models/get", name=wanted["model"])
        if not model:
            return None
        said = _said(found, _aliases(model["registered_model"]))
        attributes = {"version": found["version"], "run": found.get("run_id", "")}
        return Found({**wanted, **said}, attributes, ours=place.is_ours(all_tags(found)))

    def create(self, place: Place, resource: Resource) -> None:
        here, there, wanted = client(place.origin), client(place), resource.properties
        origin = wanted["from"]
        version = here.get("model-versions/get", name=origin["model"], version=origin["version"])["model_version"]
        marks = {SOURCE_RUN: origin["run"], SOURCE_VERSION: str(origin["version"]), **place.tags}
        run, source = _copy_run(here, there, version, marks, wanted)
        there.post(
            "model-versions/create",
            once=True,
            name=wanted["model"],
            source=source,
            run_id=run,
            description=wanted["description"],
            tags=_pairs({**wanted["tags"], **marks}),
        )
        self._alias(there, wanted, [])

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        mlflow, wanted = client(place), resource.properties
        name, version = wanted["model"], found.attributes["version"]
        mlflow.patch("model-versions/update", name=name, version=version, description=wanted["description"])
        for key, value in wanted["tags"].items():
            mlflow.post("model-versions/set-tag", name=name, version=version, key=key, value=value)
        for key in found.properties["tags"].keys() - wanted["tags"].keys():
            mlflow.delete("model-versions/delete-tag", name=name, version=version, key=key)
        self._alias(mlflow, wanted, found.properties["aliases"])

    def delete(self, place: Place, resource: Resource) -> None:
        """The version goes, and its run as MLflow deletes runs: hidden, until its garbage collection."""
        mlflow, wanted = client(place), resource.properties
        if found := _copy(mlflow, wanted):
            mlflow.delete("model-versions/delete", name=wanted["model"], version=found["version"])
            if found.get("run_id"):
                mlflow.post("runs/delete", run_id=found["run_id"])

    def _alias(self, mlflow: Any, wanted: dict[str, Any], before: Sequence[str]) -> None:
        version = _copy(mlflow, wanted)["version"]
        for alias in wanted["aliases"]:
            mlflow.post("registered-models/alias", name=wanted["model"], alias=alias, version=version)
        for alias in {*before} - {*wanted["aliases"]}:
            mlflow.delete("registered-models/alias", name=wanted["model"], alias=alias)


def _said(version: dict[str, Any], aliases: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "description": version.get("description", ""),
        "tags": own_tags(version),
        "aliases": sorted(aliases.get(version["version"], [])),
    }


def _aliases(model: dict[str, Any]) -> dict[str, list[str]]:
    """Aliases by the version that they point to."""
    found: dict[str, list[str]] = {}
    for one in model.get("aliases", []):
        found.setdefault(one["version"], []).append(one["alias"])
    return found


def _versions(mlflow: Any, model: str) -> list[dict[str, Any]]:
    quoted = model.replace("'", "''")
    listed = mlflow.pages("model-versions/search", "model_versions", filter=f"name='{quoted}'")
    return sorted(listed, key=lambda one: int(one["version"]))


def _copy(mlflow: Any, wanted: dict[str, Any]) -> Any:
    """The version of the target that is the copy of another; None where there is none."""
    marks = {SOURCE_RUN: wanted["from"]["run"], SOURCE_VERSION: str(wanted["from"]["version"])}
    for one in _versions(mlflow, wanted["model"]):
        if marks.items() <= all_tags(one).items():
            return one
    return None


def _copy_run(
    here: Any, there: Any, version: dict[str, Any], marks: dict[str, str], wanted: dict[str, Any]
) -> tuple[str, str]:
    """Copy the run of a version, or what of it is missing after a crash; the copy's id, and the address of the model in it."""
    found = here.get("runs/get", run_id=version["run_id"]) if version.get("run_id") else None
    run: dict[str, Any] = (
        found["run"] if found else {"info": {"run_name": f"{version['name']}-{version['version']}"}, "data": {}}
    )
    info, data = run["info"], run["data"]
    experiment = "models"
    if "experiment_id" in info:
        experiment = here.get("experiments/get", experiment_id=info["experiment_id"])["experiment"]["name"]
    copied = _open_run(there, f"{wanted['experiment_prefix']}{experiment}", info, marks)
    identity, artifacts = copied["info"]["run_id"], copied["info"]["artifact_uri"].rstrip("/")
    tags = _pairs({tag["key"]: tag.get("value", "") for tag in data.get("tags", [])})
    for part in _parts(data.get("params", []), BATCH // 10):
        there.post("runs/log-batch", run_id=identity, params=part)
    for part in _parts(tags, BATCH // 10):
        there.post("runs/log-batch", run_id=identity, tags=part)
    for metric in data.get("metrics", []):
        history = here.pages("metrics/get-history", "metrics", run_id=info["run_id"], metric_key=metric["key"])
        for part in _parts(list(history), BATCH):
            there.post("runs/log-batch", run_id=identity, metrics=part)
    mine = info.get("artifact_uri", "").rstrip("/")
    if mine:
        _copy_files(here, mine, there, artifacts)
    model = _address(here, version).rstrip("/")
    inner = model.removeprefix(f"{mine}/") if mine and model.startswith(f"{mine}/") else ""
    if not inner and model != mine:
        # A logged model has files of its own, beside its run's.
        inner = "model"
        _copy_files(here, model, there, f"{artifacts}/{inner}")
    there.post("runs/update", run_id=identity, status=info.get("status", "FINISHED"), end_time=info.get("end_time"))
    return identity, f"{artifacts}/{inner}".rstrip("/")


def _open_run(there: Any, experiment: str, info: dict[str, Any], marks: dict[str, str]) -> dict[str, Any]:
    known = there.get("experiments/get-by-name", experiment_name=experiment)
    made = known["experiment"] if known else there.post("experiments/create", name=experiment)
    identity = made["experiment_id"]
    condition = " and ".join(f"tags.`{key}` = '{value}'" for key, value in marks.items())
    answer = there.post("runs/search", experiment_ids=[identity], filter=condition, run_view_type="ACTIVE_ONLY")
    if answer.get("runs"):
        return answer["runs"][0]
    return there.post(
        "runs/create",
        once=True,
        experiment_id=identity,
        run_name=info["run_name"],
        start_time=info.get("start_time"),
        tags=_pairs(marks),
    )["run"]


def _address(here: Any, version: dict[str, Any]) -> str:
    """Where the files of a version are: https://mlflow.org/docs/latest/ml/model/#model-uris."""
    source: str = version["source"]
    if source.startswith("models:/m-"):
        logged = here.get(f"logged-models/{source.removeprefix('models:/').rstrip('/')}")
        return logged["model"]["info"]["artifact_uri"]
    if source.startswith("runs:/"):
        run, _, path = source.removeprefix("runs:/").partition("/")
        return f"{here.get('runs/get', run_id=run)['run']['info']['artifact_uri']}/{path}"
    return source


def _copy_files(here: Any, origin: str, there: Any, target: str) -> None:
    for path in here.files(origin):
        with tempfile.TemporaryFile() as file:
            here.download(origin, path, file)
            file.seek(0)
            there.upload(target, path, file)


def _pairs(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _parts(values: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
