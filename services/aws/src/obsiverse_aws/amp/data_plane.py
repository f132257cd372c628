"""Tells the data plane where a workspace's Prometheus and Alertmanager are (docs/design.md, "Data plane workspaces")."""

from __future__ import annotations

from typing import NamedTuple

import urllib3

from obsiverse_aws.store import Key
from obsiverse_aws.work_queue import Retry

TIMEOUT = urllib3.Timeout(connect=2, read=10)


class Addresses(NamedTuple):
    """Of a workspace's programs, `http://host:port`."""

    prometheus: str
    alertmanager: str


class DataPlane:
    """The data plane at `address` (host:port). Each call raises Retry where it does not answer or refuses."""

    def __init__(self, address: str) -> None:
        self._url = f"http://{address}/_obsiverse/workspaces"
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False)

    def put(self, key: Key, addresses: Addresses) -> None:
        """Write a workspace."""
        self._call("PUT", key, addresses._asdict())

    def delete(self, key: Key) -> None:
        """Delete a workspace; nothing happens where it is already gone."""
        self._call("DELETE", key)

    def _call(self, method: str, key: Key, body: dict[str, str] | None = None) -> None:
        url = f"{self._url}/{'/'.join(key)}"
        try:
            answer = self._http.request(method, url, json=body)
        except urllib3.exceptions.HTTPError as error:
            raise Retry(f"the data plane does not answer {method} {url}: {error}") from error
        if answer.status >= 300:
            raise Retry(f"the data plane answers {answer.status} to {method} {url}: {answer.data[:500]!r}")
