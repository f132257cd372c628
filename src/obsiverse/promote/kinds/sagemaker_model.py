"""SageMaker models: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from obsiverse.promote.faults import is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import ecr_image, ecr_repository, iam_role, model_artifact
from obsiverse.promote.naming import named
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source, pages

NAME = "sagemaker-model"
MEMBERS = (
    "Image", "Mode", "ModelDataUrl", "ModelDataSource", "Environment", "ContainerHostname", "MultiModelConfig",
    "ModelPackageName",
)  # fmt: skip


class SageMakerModel(Kind):
    """A model. Nothing of one can be changed, so its name has a digest of what it is."""

    name = NAME
    actions = (
        "iam:PassRole", "sagemaker:AddTags", "sagemaker:CreateModel", "sagemaker:DeleteModel",
        "sagemaker:DescribeModel", "sagemaker:ListModels", "sagemaker:ListTags",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        models = {name: one for endpoint in source.endpoints for name, one in endpoint["Models"].items()}
        for model in models.values():
            yield resource_of(source, model)

    def read(self, place: Place, resource: Resource) -> Found | None:
        sagemaker = place.client("sagemaker")
        try:
            found = sagemaker.describe_model(ModelName=resource.name)
        except Exception as error:
            if is_missing(error):
                return None
            raise
        tags = sagemaker.list_tags(ResourceArn=found["ModelArn"])["Tags"]
        ours = place.is_ours(tags)
        return Found(normalized(found), {"arn": found["ModelArn"]}, ours=ours)

    def create(self, place: Place, resource: Resource) -> None:
        place.client("sagemaker").create_model(ModelName=resource.name, **resource.properties, Tags=place.tag_list)

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.delete(place, resource)
        self.create(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        try:
            place.client("sagemaker").delete_model(ModelName=resource.name)
        except Exception as error:
            if not is_missing(error):
                raise

    def others(self, place: Place, wanted: Iterable[Resource]) -> Iterable[str]:
        names = {one.name for one in wanted}
        listed = (one["ModelName"] for one in pages(place.client("sagemaker"), "list_models", "Models"))
        return [name for name in listed if name not in names]


def resource_of(source: Source, model: dict[str, Any]) -> Resource:
    """What a model of this machine is in the target."""
    properties = source.retargeted(normalized(model))
    after = {f"{iam_role.NAME}/{iam_role.sagemaker(source)}"}
    originals, moved = model_artifact.containers(model), model_artifact.containers(properties)
    for original, container in zip(originals, moved, strict=True):
        if repository := ecr_repository.of_image(source, container.get("Image", "")):
            after.add(f"{ecr_repository.NAME}/{repository}")
        if pushed := ecr_image.of_image(source, container.get("Image", "")):
            after.add(pushed)
        if address := model_artifact.address_of(original):
            copies = model_artifact.resources_of(source, address)
            after |= {one.key for one in copies}
            _put_address(container, model_artifact.moved_address(address, copies))
    properties["ExecutionRoleArn"] = source.target.roles.sagemaker
    return Resource(NAME, named(model["ModelName"], properties), properties, after=frozenset(after))


def normalized(model: dict[str, Any]) -> dict[str, Any]:
    """What is said of a model, without what says nothing."""
    found: dict[str, Any] = {}
    if model.get("PrimaryContainer"):
        found["PrimaryContainer"] = _container(model["PrimaryContainer"])
    if model.get("Containers"):
        found["Containers"] = [_container(one) for one in model["Containers"]]
    for member in ("ExecutionRoleArn", "InferenceExecutionConfig", "VpcConfig", "EnableNetworkIsolation"):
        if model.get(member):
            found[member] = model[member]
    return found


def _container(container: dict[str, Any]) -> dict[str, Any]:
    found = {name: container[name] for name in MEMBERS if container.get(name)}
    if found.get("Mode") == "SingleModel":
        del found["Mode"]
    source = found.get("ModelDataSource", {}).get("S3DataSource", {})
    if source.get("CompressionType") == "Gzip":
        # The longer way to say ModelDataUrl; AWS answers with both.
        found["ModelDataUrl"] = source["S3Uri"]
    if "ModelDataUrl" in found:
        found.pop("ModelDataSource", None)
    return found


def _put_address(container: dict[str, Any], address: str) -> None:
    if "ModelDataUrl" in container:
        container["ModelDataUrl"] = address
    else:
        container["ModelDataSource"]["S3DataSource"]["S3Uri"] = address
