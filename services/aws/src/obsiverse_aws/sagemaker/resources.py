"""The store with AWS's errors for what is missing and what is there already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from obsiverse_aws.errors import ResourceInUse, ValidationException
from obsiverse_aws.sagemaker.models import SageMakerResource, TrainingJob, make_arn
from obsiverse_aws.store import AlreadyExists, Gone, Key, Store


class Caller(NamedTuple):
    """Who calls, and where."""

    account: str
    region: str


class Resources:
    """SageMaker's resources.

    Attributes:
        store: where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def get[R: SageMakerResource](self, kind: type[R], caller: Caller, name: str) -> R:
        """A resource; raises ValidationException where it is not there."""
        try:
            return self.store.get(kind, Key(*caller, name))
        except Gone:
            raise _not_found(kind, caller, name) from None

    @contextmanager
    def change[R: SageMakerResource](self, kind: type[R], caller: Caller, name: str) -> Iterator[R]:
        """A resource to be changed; raises ValidationException where it is not there."""
        try:
            with self.store.change(kind, Key(*caller, name)) as resource:
                yield resource
        except Gone:
            raise _not_found(kind, caller, name) from None

    def insert(self, resource: SageMakerResource) -> None:
        """Keep a new resource; raises AWS's error where its name is taken."""
        try:
            self.store.insert(resource)
        except AlreadyExists:
            if isinstance(resource, TrainingJob):
                raise ResourceInUse(
                    "Training job names must be unique within an AWS account and region, but a training job "
                    f"with this name already exists ({resource.arn})"
                ) from None
            raise ValidationException(f'Cannot create already existing {resource.NOUN} "{resource.arn}".') from None

    def delete(self, kind: type[SageMakerResource], caller: Caller, name: str) -> None:
        """Forget a resource; raises ValidationException where it is not there."""
        try:
            self.store.delete(kind, Key(*caller, name))
        except Gone:
            raise _not_found(kind, caller, name) from None


def _not_found(kind: type[SageMakerResource], caller: Caller, name: str) -> ValidationException:
    if kind is TrainingJob:
        return ValidationException("Requested resource not found.")
    return ValidationException(f'Could not find {kind.NOUN} "{make_arn(*caller, kind.KIND, name)}".')
