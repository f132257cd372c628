"""The store with AWS's errors for what is missing, there already, or on its way to another status."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from obsiverse_aws.amp.errors import ValidationException
from obsiverse_aws.amp.models import (
    ACTIVE,
    CREATING,
    DELETING,
    ON_THE_WAY,
    UPDATING,
    Definition,
    Workspace,
)
from obsiverse_aws.resource_errors import ConflictException, ResourceNotFoundException
from obsiverse_aws.store import AlreadyExists, Gone, Key, Store

DATA_MAX = 1 << 20  # bytes of a definition, AWS's quota


class Caller(NamedTuple):
    """Who calls, and where."""

    account: str
    region: str


class Resources:
    """Managed Prometheus's resources.

    Args:
        changed: is told the key of a workspace of which something has to be brought about.
    """

    def __init__(self, store: Store, changed: Callable[[Key], None]) -> None:
        self.store = store
        self.changed = changed

    def workspace(self, caller: Caller, identity: str) -> Workspace:
        """A workspace; raises ResourceNotFoundException."""
        try:
            return self.store.get(Workspace, Key(*caller, identity))
        except Gone:
            raise ResourceNotFoundException("Workspace not found", identity, "workspace") from None

    @contextmanager
    def change_workspace(self, caller: Caller, identity: str) -> Iterator[Workspace]:
        """A workspace to be changed; raises ResourceNotFoundException, and ConflictException where it is not active."""
        self.workspace(caller, identity)
        try:
            with self.store.change(Workspace, Key(*caller, identity)) as workspace:
                if workspace.status != ACTIVE:
                    raise ConflictException(f"Workspace is in status {workspace.status}.", identity, "workspace")
                yield workspace
        except Gone:
            raise ResourceNotFoundException("Workspace not found", identity, "workspace") from None

    def create[D: Definition](self, definition: D) -> D:
        """Keep a new definition, to be looked into; raises ConflictException where there is one."""
        with self.change_workspace(Caller(definition.account, definition.region), definition.workspace):
            try:
                self.store.insert(definition)
            except AlreadyExists:
                raise ConflictException(
                    f"{definition.NOUN} already exists.", definition.name, definition.NOUN
                ) from None
        self.changed(definition.workspace_key)
        return definition

    def get[D: Definition](self, kind: type[D], caller: Caller, workspace: str, name: str | None = None) -> D:
        """A workspace's definition; raises ResourceNotFoundException."""
        self.workspace(caller, workspace)
        try:
            return self.store.get(kind, Key(*caller, name or workspace))
        except Gone:
            raise _not_found(kind, name or workspace) from None

    def put[D: Definition](
        self, kind: type[D], caller: Caller, data: str, workspace: str, name: str | None = None
    ) -> D:
        """Another document for a definition that is there."""
        with self._settled(kind, caller, workspace, name) as definition:
            definition.data, definition.modified = data, time.time()
            definition.status, definition.reason = UPDATING, None
        self.changed(definition.workspace_key)
        return definition

    def delete(self, kind: type[Definition], caller: Caller, workspace: str, name: str | None = None) -> None:
        """Have a definition deleted."""
        with self._settled(kind, caller, workspace, name) as definition:
            definition.status, definition.reason = DELETING, None
        self.changed(definition.workspace_key)

    @contextmanager
    def _settled[D: Definition](self, kind: type[D], caller: Caller, workspace: str, name: str | None) -> Iterator[D]:
        self.get(kind, caller, workspace, name)
        key = Key(*caller, name or workspace)
        try:
            with self.store.change(kind, key) as definition:
                if definition.status in ON_THE_WAY:
                    raise ConflictException(f"{kind.NOUN} is in status {definition.status}.", key.name, kind.NOUN)
                yield definition
        except Gone:
            raise _not_found(kind, key.name) from None


def created(caller: Caller, name: str, workspace: str, data: str, tags: dict[str, str]) -> dict[str, Any]:
    """The members of a new definition."""
    now = time.time()
    members = {"name": name, "created": now, "modified": now, "tags": tags, "status": CREATING}
    return {"account": caller.account, "region": caller.region, "workspace": workspace, "data": data, **members}


def text_of(data: bytes) -> str:
    """A definition's document; raises ValidationException for one that is empty, too long or no UTF-8."""
    if not data:
        raise ValidationException("data must not be empty.")
    if len(data) > DATA_MAX:
        raise ValidationException(f"data must have at most {DATA_MAX} bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValidationException("data is not UTF-8.") from None


def _not_found(kind: type[Definition], name: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"{kind.NOUN} not found", name, kind.NOUN)
