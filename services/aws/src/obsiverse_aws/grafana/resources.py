"""The store with AWS's errors for what is missing or on its way to another status, and the transitions of workspaces."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from obsiverse_aws.amp.resources import Caller
from obsiverse_aws.grafana.models import ACTIVE, CREATING, DELETING, Workspace
from obsiverse_aws.resource_errors import ConflictException, ResourceNotFoundException
from obsiverse_aws.store import Gone, Key, Store


class Resources:
    """Managed Grafana's resources.

    Args:
        changed: is told the key of a workspace for which something has to be brought about, and returns when that need not
            be waited for.
    """

    def __init__(self, store: Store, changed: Callable[[Key], None]) -> None:
        self.store = store
        self.changed = changed

    def workspace(self, caller: Caller, identity: str) -> Workspace:
        """A workspace; raises ResourceNotFoundException."""
        try:
            return self.store.get(Workspace, Key(*caller, identity))
        except Gone:
            raise _not_found(identity) from None

    def usable(self, caller: Caller, identity: str) -> Workspace:
        """A workspace that has an organisation; raises ResourceNotFoundException and ConflictException."""
        workspace = self.workspace(caller, identity)
        if workspace.status in (CREATING, DELETING):
            raise ConflictException(f"Workspace is in status {workspace.status}.", identity, Workspace.KIND)
        return workspace

    @contextmanager
    def change(self, caller: Caller, identity: str) -> Iterator[Workspace]:
        """A workspace to be changed; raises ResourceNotFoundException, and ConflictException where it is not active."""
        try:
            with self.store.change(Workspace, Key(*caller, identity)) as workspace:
                if workspace.status != ACTIVE:
                    raise ConflictException(f"Workspace is in status {workspace.status}.", identity, Workspace.KIND)
                yield workspace
                workspace.modified = time.time()
        except Gone:
            raise _not_found(identity) from None

    @contextmanager
    def transition(self, caller: Caller, identity: str, status: str) -> Iterator[Workspace]:
        """A workspace to be changed, which takes a status on its way to the next one; the built-in one is always active."""
        with self.change(caller, identity) as workspace:
            yield workspace
            workspace.status = ACTIVE if workspace.built_in else status
        self.changed(workspace.key)

    def latest(self, workspace: Workspace) -> Workspace:
        """A workspace as it is now; as it was where it is gone meanwhile."""
        try:
            return self.store.get(Workspace, workspace.key)
        except Gone:
            return workspace


def _not_found(identity: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"Workspace {identity} was not found.", identity, Workspace.KIND)
