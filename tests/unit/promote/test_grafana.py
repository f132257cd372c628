"""Grafana's API: a token for the time of its use, and patience with what passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from obsiverse.promote import grafana as module
from obsiverse.promote.errors import GrafanaRefused, PromoteError
from obsiverse.promote.grafana import PREFIX, Grafana
from tests.unit.promote.memory import target

KEY = "glsa_secretsecretsecretsecret_0123"


class Amg:
    """What Managed Grafana is asked."""

    def __init__(self, leftovers: list[str]) -> None:
        self.accounts = dict(enumerate(leftovers))
        self.calls: list[str] = []

    def describe_workspace(self, **_: Any) -> Any:
        return {"workspace": {"endpoint": "grafana.example"}}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Any:
        return [{"serviceAccounts": [{"id": key, "name": name} for key, name in self.accounts.items()]}]

    def create_workspace_service_account(self, name: str, **more: Any) -> Any:
        self.accounts[99] = name
        return {"id": 99}

    def create_workspace_service_account_token(self, **more: Any) -> Any:
        self.calls.append(f"token for {more['secondsToLive']} s")
        return {"serviceAccountToken": {"key": KEY}}

    def delete_workspace_service_account(self, serviceAccountId: int, **_: Any) -> None:  # noqa: N803 - boto3's
        del self.accounts[serviceAccountId]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[httpx.Request], httpx.Response]], None]:
    """Answers what Grafana is asked, at once."""

    def use(answer: Callable[[httpx.Request], httpx.Response]) -> None:
        real = httpx.Client

        def make(**more: Any) -> httpx.Client:
            return real(transport=httpx.MockTransport(answer), **more)

        monkeypatch.setattr(module.httpx, "Client", make)
        monkeypatch.setattr(module.time, "sleep", lambda _: None)

    return use


def test_the_account_of_a_promotion_goes_with_it_and_those_of_killed_ones_too():
    amg = Amg([f"{PREFIX}1000-1", "people's own", f"{PREFIX}by-hand"])
    opened = Grafana.open(amg, "g-1", target())
    assert sorted(amg.accounts.values())[0].startswith(PREFIX)
    assert f"{PREFIX}1000-1" not in amg.accounts.values()
    assert amg.calls == ["token for 1800 s"]
    opened.close()
    opened.close()
    assert set(amg.accounts.values()) == {"people's own", f"{PREFIX}by-hand"}


def test_an_account_whose_token_is_refused_goes_too():
    class Refusing(Amg):
        def create_workspace_service_account_token(self, **more: Any) -> Any:
            raise RuntimeError("quota")

    amg = Refusing([])
    with pytest.raises(RuntimeError):
        Grafana.open(amg, "g-1", target())
    assert amg.accounts == {}


def test_a_token_of_the_user_makes_no_account(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GRAFANA_TOKEN", KEY)
    amg = Amg([])
    Grafana.open(amg, "g-1", target()).close()
    assert amg.calls == []
    assert amg.accounts == {}


def test_a_grafana_that_is_busy_is_asked_again(answering: Any):
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(429 if len(seen) < 3 else 200, json={"ok": True})

    answering(answer)
    assert Grafana("http://grafana", KEY).get("/org") == {"ok": True}
    assert seen == [f"Bearer {KEY}"] * 3


def test_what_grafana_refuses_is_said_without_secrets(answering: Any):
    answering(lambda _: httpx.Response(403, json={"message": f"token {KEY} may not"}))
    with pytest.raises(GrafanaRefused) as refused:
        Grafana("http://grafana", KEY).post("/datasources", {"secureJsonData": {"k": "v"}})
    assert "403" in refused.value.message
    assert KEY not in refused.value.message
    assert "Admin" in refused.value.hint


def test_a_grafana_that_is_away_says_where(answering: Any):
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    answering(answer)
    with pytest.raises(PromoteError, match="http://grafana does not answer"):
        Grafana("http://grafana", KEY).get("/org")


def test_what_is_not_there_is_none_and_its_deletion_nothing(answering: Any):
    answering(lambda _: httpx.Response(404, content=json.dumps({"message": "no"})))
    opened = Grafana("http://grafana", KEY)
    assert opened.get("/dashboards/uid/x") is None
    opened.delete("/dashboards/uid/x")
