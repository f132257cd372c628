"""ECR repositories of the images that models run: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html.

Where promotion does not push images, the plan says which repository has none: an endpoint would find out half an hour later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from obsiverse.promote.faults import code_of, is_missing
from obsiverse.promote.kind import Kind
from obsiverse.promote.kinds import model_artifact
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source

NAME = "ecr-repository"
_IMAGE = re.compile(r"^([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)")


class EcrRepository(Kind):
    """A repository in the target's own registry. Those of other registries are somebody else's."""

    name = NAME
    shared = True
    actions = (
        "ecr:CreateRepository", "ecr:DeleteRepository", "ecr:DescribeImages", "ecr:DescribeRepositories",
        "ecr:ListTagsForResource", "ecr:PutImageScanningConfiguration", "ecr:TagResource",
    )  # fmt: skip

    def desired(self, source: Source) -> Iterable[Resource]:
        for repository in sorted(set(_repositories(source))):
            yield Resource(self.name, repository, {"scan_on_push": True})

    def read(self, place: Place, resource: Resource) -> Found | None:
        ecr = place.client("ecr")
        try:
            [found] = ecr.describe_repositories(repositoryNames=[resource.name])["repositories"]
        except Exception as error:
            if code_of(error) == "RepositoryNotFoundException":
                return None
            raise
        tags = ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
        scans = bool(found.get("imageScanningConfiguration", {}).get("scanOnPush"))
        return Found(
            {"scan_on_push": scans},
            {"arn": found["repositoryArn"], "url": found["repositoryUri"]},
            ours=place.is_ours(tags),
            note=""
            if place.promotion.push_images or self._has_images(ecr, resource.name)
            else f"no image in it: push one to {found['repositoryUri']}",
        )

    def create(self, place: Place, resource: Resource) -> None:
        place.client("ecr").create_repository(
            repositoryName=resource.name, imageScanningConfiguration=_scanning(resource), tags=place.tag_list
        )

    def change(self, place: Place, resource: Resource, found: Found) -> None:
        place.client("ecr").put_image_scanning_configuration(
            repositoryName=resource.name, imageScanningConfiguration=_scanning(resource)
        )

    def delete(self, place: Place, resource: Resource) -> None:
        """Only an empty one goes: images that were pushed since are kept, and the repository with them."""
        try:
            place.client("ecr").delete_repository(repositoryName=resource.name)
        except Exception as error:
            if code_of(error) not in ("RepositoryNotEmptyException", "RepositoryNotFoundException"):
                raise

    def _has_images(self, ecr: Any, repository: str) -> bool:
        try:
            return bool(ecr.describe_images(repositoryName=repository, maxResults=1)["imageDetails"])
        except Exception as error:
            if is_missing(error):
                return False
            raise


def _scanning(resource: Resource) -> dict[str, bool]:
    return {"scanOnPush": resource.properties["scan_on_push"]}


def of_image(source: Source, image: str) -> str | None:
    """The repository, in the target's own registry, of an image as it is called there; None where it is in another."""
    found = _IMAGE.match(image)
    return found[3] if found and found[1] == source.target.account and found[2] == source.target.region else None


def _repositories(source: Source) -> Iterator[str]:
    # That of the model container also before a model is promoted, so that the image can be pushed.
    if repository := of_image(source, source.target.images.model):
        yield repository
    for endpoint in source.endpoints:
        for model in endpoint["Models"].values():
            for container in model_artifact.containers(model):
                if repository := of_image(source, source.retargeted(container.get("Image", ""))):
                    yield repository
