"""Registered models of MLflow: https://mlflow.org/docs/latest/ml/model-registry/."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from threading import Lock
from typing import Any

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import mlflow_tracking_server
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Ref, Resource, Unknown
from obsiverse.promote.source import Source

NAME = "mlflow-model"
MARK = "obsiverse"
"""How the keys of promotion's own tags begin."""
_CHOOSING = Lock()
"""Two kinds ask, side by side."""


class MlflowModel(Kind):
    """A registered model with its description and tags; its versions are mlflow-model-version's."""

    name = NAME
    actions = (
        "sagemaker-mlflow:CreateRegisteredModel", "sagemaker-mlflow:DeleteRegisteredModel",
        "sagemaker-mlflow:DeleteRegisteredModelTag", "sagemaker-mlflow:GetRegisteredModel",
        "sagemaker-mlflow:SetRegisteredModelTag", "sagemaker-mlflow:UpdateRegisteredModel",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        for name, model in chosen(source).items():
            properties = {
                "server": server(source),
                "description": model.get("description", ""),
                "tags": own_tags(model),
            }
            yield Resource(self.name, f"{source.promotion.model_prefix}{name}", properties)

    def read(self, place: Place, resource: Resource) -> Found | None:
        where = resource.properties["server"]
        answer = None
        if not isinstance(where, Unknown):
            answer = client(place).get("registered-models/get", name=resource.name)
        if answer is None:
            return None
        found = answer["registered_model"]
        properties = {"server": where, "description": found.get("description", ""), "tags": own_tags(found)}
        return Found(properties, ours=place.is_ours(all_tags(found)))

    def create(self, place: Place, resource: Resource) -> None:
        wanted = resource.properties
        tags = [{"key": key, "value": value} for key, value in {**wanted["tags"], **place.tags}.items()]
        client(place).post("registered-models/create", name=resource.name, description=wanted["description"], tags=tags)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        mlflow, wanted = client(place), resource.properties
        mlflow.patch("registered-models/update", name=resource.name, description=wanted["description"])
        for key, value in wanted["tags"].items():
            mlflow.post("registered-models/set-tag", name=resource.name, key=key, value=value)
        for key in found.properties["tags"].keys() - wanted["tags"].keys():
            mlflow.delete("registered-models/delete-tag", name=resource.name, key=key)

    def delete(self, place: Place, resource: Resource) -> None:
        client(place).delete("registered-models/delete", name=resource.name)


def server(source: Source) -> Ref | str:
    """The address of the target's MLflow; not known before its server is ready, where it is SageMaker's."""
    managed = mlflow_tracking_server.key(source)
    return Ref(managed, "arn") if managed else source.target.mlflow


def client(place: Place) -> Any:
    """The MLflow of a place."""
    return _clients(place)


@lru_cache(maxsize=8)
def _clients(place: Place) -> Any:
    # Like boto3: what brings an HTTP client along is loaded by who uses it.
    from obsiverse.promote.mlflow import MLflow

    return MLflow(place)


def chosen(source: Source) -> dict[str, dict[str, Any]]:
    """This machine's registered models that are promoted, by name, with their aliases. Raises PromoteError."""
    with _CHOOSING:
        return _chosen(source)


@lru_cache(maxsize=8)
def _chosen(source: Source) -> dict[str, dict[str, Any]]:
    promotion = source.promotion
    if not promotion.registered_models:
        return {}
    mlflow = client(source.local)
    listed = {one["name"]: one for one in mlflow.pages("registered-models/search", "registered_models")}
    names = [name for name, one in listed.items() if f"{MARK}:promoted" not in all_tags(one)]
    found = source.chosen(names, promotion.registered_models)
    if found and source.local.target.mlflow == source.target.mlflow and not promotion.model_prefix:
        raise PromoteError(
            f"the MLflow of target {source.target.name} is this machine's own",
            "Set promote.model_prefix in the target's file, so that copies have other names; or another `mlflow`.",
        )
    return {name: mlflow.get("registered-models/get", name=name)["registered_model"] for name in found}


def all_tags(thing: dict[str, Any]) -> dict[str, str]:
    """The tags of a model or a version of one."""
    return {tag["key"]: tag.get("value", "") for tag in thing.get("tags", [])}


def own_tags(thing: dict[str, Any]) -> dict[str, str]:
    """Its tags without promotion's."""
    return {key: value for key, value in all_tags(thing).items() if not key.startswith(MARK)}
