"""Changes of endpoints that were asked for, and where an account wants it so, their end."""

from __future__ import annotations

import time

from obsiverse_aws.accounts import Accounts
from obsiverse_aws.sagemaker.deployment import Deployer
from obsiverse_aws.sagemaker.models import IN_PROGRESS, Endpoint
from obsiverse_aws.store import Gone, Key, Store

PATIENCE = 50.0
"""Seconds that a call waits for an instant transition: less than clients wait for an answer."""


class Transitions:
    """Begins them."""

    def __init__(self, store: Store, deployer: Deployer, accounts: Accounts) -> None:
        self._store = store
        self._deployer = deployer
        self._accounts = accounts

    def begin(self, endpoint: Endpoint) -> None:
        """Have an endpoint looked at; in an instant account, return when it is where it was told to go."""
        self._deployer.queue.add(endpoint.key)
        if self._accounts.is_instant(endpoint.account):
            self._wait(endpoint.key)

    def _wait(self, key: Key) -> None:
        deadline = time.monotonic() + PATIENCE
        with self._deployer.news:
            while self._is_under_way(key) and (left := deadline - time.monotonic()) > 0:
                self._deployer.news.wait(left)

    def _is_under_way(self, key: Key) -> bool:
        try:
            return self._store.get(Endpoint, key).status in IN_PROGRESS
        except Gone:
            return False
