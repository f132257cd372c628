"""An edge with Managed Grafana, and the Grafana API behind it as a real process."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from platform_under_test import REGION, START_SECONDS, Platform, answers, environment_of, free_port, wait_for

BUILT_IN_ACCOUNT = "444444444444"
"""Whose the built-in workspace is."""
BUILT_IN = "g-0000000000"
REQUIRED = {
    "accountAccessType": "CURRENT_ACCOUNT",
    "permissionType": "SERVICE_MANAGED",
    "authenticationProviders": ["AWS_SSO"],
}
"""What CreateWorkspace can't do without."""


class GrafanaPlatform(Platform):
    """The edge, the agent and Lookout."""

    def __init__(self, folder: Path, cache: Path) -> None:
        super().__init__(folder, cache)
        self.address = f"127.0.0.1:{free_port()}"
        self.password_file = folder / "admin" / "password"
        self.password_file.parent.mkdir()
        self._lookout_data = folder / "lookout"
        self._lookout_data.mkdir()

    def start(self) -> None:
        """Start all."""
        self.start_grafana()
        self.start_agent()
        self.start_edge()

    def start_grafana(self) -> None:
        """Start Lookout."""
        environment = {
            "LOOKOUT_LISTEN": self.address,
            "LOOKOUT_DATA": str(self._lookout_data),
            "LOOKOUT_ADMIN_PASSWORD_FILE": str(self.password_file),
            # LocalStack, which the tests import, puts there what httpx can't read.
            "NO_PROXY": "",
            "no_proxy": "",
        }
        self._spawn("grafana", [environment_of("lookout"), "-m", "obsiverse_lookout"], environment)
        wait_for(lambda: answers(f"http://{self.address}/api/health"), "grafana", START_SECONDS)

    def _spawn(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        told = {
            "GRAFANA_ADDR": self.address,
            "GRAFANA_ADMIN_PASSWORD_FILE": str(self.password_file),
            "OBSIVERSE_ACCOUNT": BUILT_IN_ACCOUNT,
        }
        super()._spawn(name, command, told | environment)

    def grafana(self, account: str) -> Any:
        """Managed Grafana."""
        return self.client("grafana", account)

    def unchecked(self, account: str) -> Any:
        """Managed Grafana through a client that sends what boto3 would refuse itself."""
        return boto3.client(
            "grafana",
            endpoint_url=self.edge_url,
            region_name=REGION,
            aws_access_key_id=account,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )

    def workspace(self, account: str, **more: Any) -> str:
        """The id of a new workspace, once it is active."""
        client = self.grafana(account)
        identity = client.create_workspace(**{**REQUIRED, **more})["workspace"]["id"]
        self.wait_for_workspace(account, identity)
        return identity

    def wait_for_workspace(self, account: str, identity: str, status: str = "ACTIVE") -> None:
        """Wait until a workspace has a status."""
        client = self.grafana(account)

        def reached() -> bool:
            return client.describe_workspace(workspaceId=identity)["workspace"]["status"] == status

        wait_for(reached, f"workspace {identity} {status}")

    def token(self, account: str, workspace: str, role: str = "ADMIN", seconds: int = 600) -> str:
        """The key of a token of a new service account."""
        client, name = self.grafana(account), f"account-{uuid.uuid4().hex[:8]}"
        made = client.create_workspace_service_account(workspaceId=workspace, name=name, grafanaRole=role)
        token = client.create_workspace_service_account_token(
            workspaceId=workspace, serviceAccountId=made["id"], name=name, secondsToLive=seconds
        )
        return token["serviceAccountToken"]["key"]

    def asked(self, path: str, key: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """What the workspaces' endpoint answers to who has a key."""
        return self._get(path, {"Authorization": f"Bearer {key}", **(headers or {})})

    def organisations(self) -> list[str]:
        """The names of the organisations that there are."""
        who = base64.b64encode(f"admin:{self.password_file.read_text().strip()}".encode()).decode()
        code, found = self._get("/api/orgs", {"Authorization": f"Basic {who}"})
        assert code == 200, found
        return [one["name"] for one in found]

    def _get(self, path: str, headers: dict[str, str]) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(
                urllib.request.Request(f"http://{self.address}{path}", headers=headers), timeout=10
            ) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def has_grafana(self) -> bool:
        """Whether Lookout answers."""
        return answers(f"http://{self.address}/api/health")

    def make_instant(self, account: str) -> None:
        """Have transitions of an account take no time."""
        url = f"{self.edge_url}/_obsiverse/accounts/{account}"
        request = urllib.request.Request(url, b'{"instant": true}', method="PUT")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def reset(self, account: str) -> None:
        """Reset an account."""
        url = f"{self.edge_url}/_obsiverse/accounts/{account}/reset"
        with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=30) as answer:
            assert answer.status == 200


def refusal(error: ClientError) -> tuple[str, int]:
    """The code and the HTTP status of an error."""
    return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
