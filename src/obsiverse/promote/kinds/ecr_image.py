"""Images in the target's own ECR registry, pushed by this machine's Docker engine.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-push-ecr-image.html,
https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Image/operation/ImagePush
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.faults import code_of, missing_permission
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import ecr_repository, model_artifact
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Ref, Resource
from obsiverse.promote.source import Source

NAME = "ecr-image"
MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)

_ECR = re.compile(r"^[0-9]{12}\.dkr\.ecr\.[^/]+/")


class EcrImage(Kind):
    """An image under its tag. One that somebody else pushed there is used as it is.

    Without an engine, or an image in it, what is there under the tag will do; where nothing is, an apply says what to run.
    """

    name = NAME
    shared = True
    actions = (
        "ecr:BatchCheckLayerAvailability", "ecr:BatchDeleteImage", "ecr:BatchGetImage", "ecr:CompleteLayerUpload",
        "ecr:GetAuthorizationToken", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        if not source.promotion.push_images:
            return
        needed = {_split(source, source.retargeted(image)) for image in _used(source)}
        for image, names in sorted(_images(source).items()):
            repository, tag = image
            parent = f"{ecr_repository.NAME}/{repository}"
            identity = _first(names)
            if not identity and image not in needed:
                continue
            properties = {"from": names[0], "image_id": identity, "repository": Ref(parent, "url"), "tag": tag}
            yield Resource(self.name, f"{repository}:{tag}", properties, parent)

    def read(self, place: Place, resource: Resource) -> Found | None:
        wanted = resource.properties
        repository, _, tag = resource.name.rpartition(":")
        ecr = place.client("ecr")
        try:
            images = ecr.batch_get_image(
                repositoryName=repository, imageIds=[{"imageTag": tag}], acceptedMediaTypes=list(MANIFESTS)
            )["images"]
        except Exception as error:
            if code_of(error) == "RepositoryNotFoundException":
                return None
            raise
        if not images:
            return None
        digest = images[0]["imageId"]["imageDigest"]
        # An engine calls an image by its configuration's digest or, where containerd keeps its images, its manifest's.
        names = [json.loads(images[0]["imageManifest"]).get("config", {}).get("digest", digest), digest]
        same = not wanted["image_id"] or wanted["image_id"] in names
        there = {**wanted, "image_id": wanted["image_id"] if same else names[0]}
        note = "" if same else f"another image than this machine's {wanted['from']}"
        return Found(there, {"digest": digest}, ours=None if same else False, note=note)

    def create(self, place: Place, resource: Resource) -> None:
        wanted = resource.properties
        if not wanted["image_id"]:
            raise PromoteError(
                f"nothing can be pushed to {resource.name}: {_inspect(wanted['from'])[1]}", _by_hand(wanted)
            )
        [granted] = place.client("ecr").get_authorization_token()["authorizationData"]
        user, _, password = base64.b64decode(granted["authorizationToken"]).decode().partition(":")
        with _engine(wanted["image_id"]) as engine:
            engine.tag(wanted["image_id"], wanted["repository"], wanted["tag"])
            login = {"username": user, "password": password}
            for event in engine.push(wanted["repository"], wanted["tag"], stream=True, decode=True, auth_config=login):
                if "error" in event:
                    said = str(event["error"])
                    raise PromoteError(f"pushing {resource.name}: {said}", missing_permission(said))

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        self.create(place, resource)

    def delete(self, place: Place, resource: Resource) -> None:
        repository, _, tag = resource.name.rpartition(":")
        place.client("ecr").batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": tag}])

    def remark(self, place: Place, resource: Resource) -> str:
        wanted = resource.properties
        return "" if wanted["image_id"] else f"can't be pushed: {_inspect(wanted['from'])[1]}"


def of_image(source: Source, image: str) -> str | None:
    """The key of an image as it is called in the target; None where nothing pushes it."""
    found = _split(source, image) if source.promotion.push_images else None
    return f"{NAME}/{':'.join(found)}" if found else None


def _images(source: Source) -> dict[tuple[str, str], list[str]]:
    """Repository and tag of what is run from the target's own registry, and what this machine may call it.

    The model container is one of them also before there is an endpoint, for training.
    """
    found: dict[tuple[str, str], list[str]] = {}
    local = source.local.target.images.model
    named = [(local, source.target.images.model)]
    named += [(image, source.retargeted(image)) for image in _used(source)]
    for here, there in named:
        if image := _split(source, there):
            names = found.setdefault(image, [])
            # The edge takes the name of a registry that the engine has not pulled from.
            names += [name for name in (here, _ECR.sub("", here)) if name not in names]
    return found


def _used(source: Source) -> Iterator[str]:
    for endpoint in source.endpoints:
        for model in endpoint["Models"].values():
            for container in model_artifact.containers(model):
                yield container.get("Image", "")


def _split(source: Source, image: str) -> tuple[str, str] | None:
    """Repository and tag in the target's own registry; None for another one's, and for a digest, which nobody can choose."""
    repository = ecr_repository.of_image(source, image)
    if repository is None or "@" in image:
        return None
    _, _, tag = image.rpartition("/")[2].partition(":")
    return repository, tag or "latest"


def _first(names: Sequence[str]) -> str:
    """The id of the first of the images that this machine's engine has; "" for none, or no engine."""
    for name in names:
        if identity := _inspect(name)[0]:
            return identity
    return ""


def _inspect(name: str) -> tuple[str, str]:
    """The id of an image of this machine's engine, or why there is none."""
    try:
        with _engine(name) as engine:
            return str(engine.inspect_image(name)["Id"]), ""
    except PromoteError as error:
        return "", error.message


@contextlib.contextmanager
def _engine(image: str) -> Generator[Any]:
    """This machine's Docker engine, the SDK's client, to do something with an image. Raises PromoteError of what goes wrong."""
    # Like boto3: only who pushes waits for Docker's SDK.
    import docker.errors

    from obsiverse.engine.docker import address
    from obsiverse.engine.errors import EngineError

    try:
        with address.answering():
            client = address.connect()
            try:
                yield client.api
            except docker.errors.ImageNotFound as error:
                raise PromoteError(f"the Docker engine here has no image {image}") from error
            finally:
                client.close()
    except EngineError as error:
        raise PromoteError(error.message) from error


def _by_hand(wanted: dict[str, Any]) -> str:
    repository = str(wanted["repository"])
    registry, region = repository.partition("/")[0], repository.split(".")[3]
    image = f"{repository}:{wanted['tag']}"
    return (
        f"Where the image is: aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin"
        f" {registry} && docker tag {wanted['from']} {image} && docker push {image}"
    )
