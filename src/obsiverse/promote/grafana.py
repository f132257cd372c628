"""The HTTP API of a Grafana workspace, as a service account that exists for as long as it is used.

https://docs.aws.amazon.com/grafana/latest/userguide/service-accounts.html. Not through grafana-client: what that stands on replaces
urllib3's files, on which boto3 stands, in the same environment.
"""

from __future__ import annotations

import os
import random
import time
from typing import Any

import httpx

from obsiverse.promote.errors import GrafanaRefused, PromoteError
from obsiverse.promote.redaction import text
from obsiverse.targets import Target

PREFIX = "obsiverse-promote-"
TOKEN_SECONDS = 1800
ATTEMPTS = 6
TIMEOUT = httpx.Timeout(30, connect=5)
TOKEN_VARIABLE = "GRAFANA_TOKEN"  # noqa: S105 - its name
_AGAIN = {429, 500, 502, 503, 504}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 8.0


class Grafana:
    """A workspace's API.

    Args:
        url: of Grafana.
        token: of a service account.
        forget: deletes that account; None where the token is the user's.
    """

    def __init__(self, url: str, token: str, forget: tuple[Any, dict[str, str]] | None = None) -> None:
        self.url = url
        self._forget = forget
        self._client = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT,
            follow_redirects=False,
            # Certificates take a tenth of a second to load.
            verify=url.startswith("https:"),
        )

    @classmethod
    def open(cls, amg: Any, workspace: str, target: Target) -> Grafana:
        """With GRAFANA_TOKEN where that is set; else with a token that is made for it.

        Args:
            amg: a boto3 client of Managed Grafana.
        """
        endpoint = amg.describe_workspace(workspaceId=workspace)["workspace"]["endpoint"]
        url = f"{'http' if target.endpoints.aws else 'https'}://{endpoint}"
        if given := os.environ.get(TOKEN_VARIABLE):
            return cls(url, given)
        _delete_leftovers(amg, workspace)
        name = f"{PREFIX}{int(time.time())}-{random.randrange(10**6)}"  # noqa: S311 - a name, not a secret
        account = amg.create_workspace_service_account(workspaceId=workspace, name=name, grafanaRole="ADMIN")
        known = {"workspaceId": workspace, "serviceAccountId": account["id"]}
        try:
            made = amg.create_workspace_service_account_token(**known, name=name, secondsToLive=TOKEN_SECONDS)
        except BaseException:
            amg.delete_workspace_service_account(**known)
            raise
        return cls(url, made["serviceAccountToken"]["key"], (amg, known))

    def close(self) -> None:
        """Delete the service account, and with it the token."""
        self._client.close()
        if self._forget:
            amg, known = self._forget
            self._forget = None
            amg.delete_workspace_service_account(**known)

    def get(self, path: str) -> Any:
        """What is at a path under /api; None for 404."""
        try:
            return self.request("GET", path)
        except GrafanaRefused as refused:
            if refused.status == 404:
                return None
            raise

    def put(self, path: str, body: Any) -> Any:
        """PUT under /api."""
        return self.request("PUT", path, body)

    def post(self, path: str, body: Any) -> Any:
        """POST under /api."""
        return self.request("POST", path, body)

    def delete(self, path: str) -> None:
        """DELETE under /api; nothing where it is gone."""
        try:
            self.request("DELETE", path)
        except GrafanaRefused as refused:
            if refused.status != 404:
                raise

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """A request, tried again while Grafana is busy or away. Raises GrafanaRefused, PromoteError."""
        pause = _FIRST_PAUSE
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._client.request(method, f"/api{path}", json=body)
            except httpx.TransportError as error:
                if attempt == ATTEMPTS:
                    raise PromoteError(
                        f"Grafana at {self.url} does not answer: {error!r}",
                        "Look at the workspace, and at the network between.",
                    ) from None
            else:
                if answer.status_code not in _AGAIN or attempt == ATTEMPTS:
                    return _content(answer, method, path)
            time.sleep(pause * (0.5 + random.random()))  # noqa: S311 - jitter
            pause = min(pause * 2, _LONGEST_PAUSE)
        raise AssertionError("unreachable")


def _delete_leftovers(amg: Any, workspace: str) -> None:
    """Accounts of promotions that were killed; their tokens are over."""
    for page in amg.get_paginator("list_workspace_service_accounts").paginate(workspaceId=workspace):
        for account in page["serviceAccounts"]:
            begun = account["name"].removeprefix(PREFIX).partition("-")[0]
            if account["name"].startswith(PREFIX) and begun.isdecimal() and int(begun) < time.time() - TOKEN_SECONDS:
                amg.delete_workspace_service_account(workspaceId=workspace, serviceAccountId=account["id"])


def _content(answer: httpx.Response, method: str, path: str) -> Any:
    if answer.status_code < 400:
        return answer.json() if answer.content else None
    try:
        said = str(answer.json().get("message", answer.text))
    except (ValueError, AttributeError):
        said = answer.text
    hints = {
        401: f"Is {TOKEN_VARIABLE} set, and over?",
        403: "The service account needs the role Admin in the workspace.",
        404: "A Grafana of this version may not have it.",
    }
    raise GrafanaRefused(
        answer.status_code,
        f"Grafana answers {answer.status_code} to {method} /api{path}: {text(said[:500])}",
        hints.get(answer.status_code, ""),
    )
