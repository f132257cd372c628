"""What the edge's environment decides."""

from __future__ import annotations

import pytest
from obsiverse_aws.settings import settings


@pytest.fixture(autouse=True)
def read_anew(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_DATA", "OBSIVERSE_AGENT", "ENDPOINTS_ADDR"):
        monkeypatch.setenv(name, "here")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    ("account", "region", "collected"),
    [("000000000000", "us-east-1", True), ("222222222222", "us-east-1", False), ("000000000000", "eu-west-1", False)],
)
def test_the_stacks_collector_takes_the_stacks_account(
    monkeypatch: pytest.MonkeyPatch, account: str, region: str, collected: bool
):
    monkeypatch.setenv("OBSIVERSE_ACCOUNT", "000000000000")
    monkeypatch.setenv("OBSIVERSE_REGION", "us-east-1")
    assert settings().is_collected(account, region) is collected


def test_without_a_stack_every_account_is_collected(monkeypatch: pytest.MonkeyPatch):
    for name in ("OBSIVERSE_ACCOUNT", "OBSIVERSE_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert settings().is_collected("222222222222", "eu-west-1")


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_DATA")
    with pytest.raises(SystemExit, match="AWS_DATA"):
        settings()
