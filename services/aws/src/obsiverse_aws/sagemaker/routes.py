"""Where InvokeEndpoint's data plane finds the instances of an endpoint (docs/design.md, "Data plane routes")."""

from __future__ import annotations

from typing import Any

import urllib3

from obsiverse_aws.store import Key
from obsiverse_aws.work_queue import Retry

TIMEOUT = urllib3.Timeout(connect=2, read=10)


class Routes:
    """The routes of the data plane. Each call raises Retry where it does not answer or refuses."""

    def __init__(self, address: str) -> None:
        self._url = f"http://{address}/_obsiverse/routes"
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False)
        self._written: dict[Key, dict[str, Any]] = {}

    def put(self, key: Key, route: dict[str, Any]) -> None:
        """Write a route unless that is what was written last."""
        if self._written.get(key) != route:
            self._call("PUT", f"{self._url}/{'/'.join(key)}", route)
            self._written[key] = route

    def delete(self, key: Key) -> None:
        """Delete a route; nothing happens where it is already gone."""
        self._call("DELETE", f"{self._url}/{'/'.join(key)}")
        self._written.pop(key, None)

    def delete_account(self, account: str) -> None:
        """Delete all routes of an account."""
        self._call("DELETE", f"{self._url}/{account}")
        for key in [key for key in self._written if key.account == account]:
            self._written.pop(key, None)

    def keys(self) -> list[Key]:
        """The endpoints that have one."""
        found = self._call("GET", self._url).json()["routes"]
        return [Key(one["account"], one["region"], one["endpoint"]) for one in found]

    def draining(self) -> set[str]:
        """The instances that are in no route any more, and still answer requests."""
        return {one["id"] for one in self._call("GET", f"{self._url[: -len('routes')]}draining").json()["instances"]}

    def _call(self, method: str, url: str, body: dict[str, Any] | None = None) -> urllib3.BaseHTTPResponse:
        try:
            answer = self._http.request(method, url, json=body)
        except urllib3.exceptions.HTTPError as error:
            raise Retry(f"the data plane does not answer {method} {url}: {error}") from error
        if answer.status >= 300:
            raise Retry(f"the data plane answers {answer.status} to {method} {url}: {answer.data[:500]!r}")
        return answer
