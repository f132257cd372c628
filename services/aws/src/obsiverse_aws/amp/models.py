"""The state of Managed Prometheus's resources, as it is kept in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from obsiverse_aws.store import Key, Resource

CREATING, ACTIVE, UPDATING, DELETING = "CREATING", "ACTIVE", "UPDATING", "DELETING"
CREATION_FAILED, UPDATE_FAILED = "CREATION_FAILED", "UPDATE_FAILED"
ON_THE_WAY = (CREATING, UPDATING, DELETING)


@dataclass
class Workspace(Resource):
    """A workspace; its name is its id.

    Attributes:
        built_in: its Prometheus and Alertmanager are the stack's own, not tasks.
        token: the client's, by which a repeated request is known.
    """

    KIND = "workspace"
    status: str
    alias: str | None = None
    kms_key: str | None = None
    token: str | None = None
    built_in: bool = False

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:aps:{self.region}:{self.account}:workspace/{self.name}"


@dataclass
class Definition(Resource):
    """What a workspace was told in a document, with AWS's lifecycle.

    Attributes:
        workspace: id of the workspace.
        data: the document as it was given last.
        applied: the last one that was found good: it stays in force where a later one fails.
    """

    NOUN: ClassVar[str]
    workspace: str
    data: str
    modified: float
    status: str
    reason: str | None = None
    applied: str | None = None

    @property
    def workspace_key(self) -> Key:
        """Where its workspace is."""
        return Key(self.account, self.region, self.workspace)

    def status_document(self) -> dict[str, Any]:
        """The status as AWS writes it."""
        return {"statusCode": self.status, **({"statusReason": self.reason} if self.reason else {})}


@dataclass
class RuleGroupsNamespace(Definition):
    """A rule groups namespace; in the store under `WORKSPACE/NAMESPACE`."""

    KIND = "rulegroupsnamespace"
    NOUN = "RuleGroupsNamespace"

    @property
    def namespace(self) -> str:
        """Its name in the workspace."""
        return self.name.partition("/")[2]

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:aps:{self.region}:{self.account}:{self.KIND}/{self.name}"


@dataclass
class AlertManagerDefinition(Definition):
    """A workspace's Alertmanager definition; in the store under the workspace's id."""

    KIND = "alertmanagerdefinition"
    NOUN = "AlertManagerDefinition"


@dataclass
class LoggingConfiguration(Definition):
    """Where a workspace's rules and alerts are logged: `data` is the ARN of a log group."""

    KIND = "loggingconfiguration"
    NOUN = "LoggingConfiguration"


DEFINITIONS: tuple[type[Definition], ...] = (RuleGroupsNamespace, AlertManagerDefinition, LoggingConfiguration)
