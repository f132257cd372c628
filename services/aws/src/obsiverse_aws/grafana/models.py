"""The state of Managed Grafana's resources, as it is kept in the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from obsiverse_aws.store import Resource

ACTIVE, CREATING, DELETING = "ACTIVE", "CREATING", "DELETING"
UPDATING, UPGRADING, VERSION_UPDATING = "UPDATING", "UPGRADING", "VERSION_UPDATING"
ON_THE_WAY = (CREATING, DELETING, UPDATING, UPGRADING, VERSION_UPDATING)
BUILT_IN_ID = "g-0000000000"
"""Of the workspace that the main organisation of the stack's own Grafana is."""


@dataclass
class Workspace(Resource):
    """A workspace; its name is its id.

    Attributes:
        version: of Grafana, as AWS writes it.
        modified: Unix seconds.
        details: what it was told, under the names of WorkspaceDescription.
        configuration: AWS's JSON.
        providers: AWS_SSO, SAML.
        saml: a SamlConfiguration.
        permissions: roles by `TYPE/ID` of a user or group.
        license: the type of license; `license_token` comes from Grafana Labs.
        token: the client's, by which a repeated request is known; `digest` is of what it asked for.
        built_in: it is the main organisation, which nobody made here.
    """

    KIND = "workspace"
    status: str
    version: str
    modified: float
    details: dict[str, Any]
    configuration: dict[str, Any]
    providers: list[str]
    saml: dict[str, Any] | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    license: str | None = None
    license_token: str | None = None
    token: str | None = None
    digest: str | None = None
    built_in: bool = False

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:grafana:{self.region}:{self.account}:/workspaces/{self.name}"


@dataclass
class ServiceAccount(Resource):
    """A service account that was made by this API; in the store under `WORKSPACE/ID`, Grafana has the rest.

    Attributes:
        workspace: id of the workspace.
        identity: id in Grafana.
        api_key: name of the API key that it stands for; such an account is nobody's service account.
        revoked: it is to be deleted, which Grafana was not there for yet.
    """

    KIND = "serviceaccount"
    workspace: str
    identity: int
    api_key: str | None = None
    revoked: bool = False
