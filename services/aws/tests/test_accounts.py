"""Accounts side by side, and what tests do with them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from platform_under_test import Platform, wait_for


def call(platform: Platform, method: str, path: str, document: Any = None) -> Any:
    """A call to the platform's own routes of accounts."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{platform.edge_url}/_obsiverse/accounts/{path}", body, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def invoke(platform: Platform, account: str, name: str) -> Any:
    """What an account's endpoint answers."""
    runtime = platform.client("sagemaker-runtime", account)
    return json.load(runtime.invoke_endpoint(EndpointName=name, Body=b"x")["Body"])


def test_an_instant_account_s_calls_answer_when_all_is_done(platform: Platform) -> None:
    account = "121212121212"
    assert call(platform, "PUT", account, {"instant": True}) == {"account": account, "instant": True}
    platform.deploy_in(account, "soon")
    sagemaker = platform.client("sagemaker", account)
    assert sagemaker.describe_endpoint(EndpointName="soon")["EndpointStatus"] == "InService"
    routing = {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 3600}}
    sagemaker.update_endpoint(
        EndpointName="soon",
        EndpointConfigName="soon",
        DeploymentConfig={"BlueGreenUpdatePolicy": {**routing, "TerminationWaitInSeconds": 3600}},
    )
    assert sagemaker.describe_endpoint(EndpointName="soon")["EndpointStatus"] == "InService"
    assert invoke(platform, account, "soon")["model"] == {"name": account}
    sagemaker.delete_endpoint(EndpointName="soon")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        sagemaker.describe_endpoint(EndpointName="soon")


def test_a_reset_empties_one_account_and_no_other(platform: Platform) -> None:
    accounts = ("131313131313", "141414141414")
    for account in accounts:
        call(platform, "PUT", account, {"instant": True})
        platform.deploy_in(account, "same")
        assert invoke(platform, account, "same")["model"] == {"name": account}
    emptied, kept = accounts
    assert call(platform, "POST", f"{emptied}/reset")["account"] == emptied
    with pytest.raises(ClientError, match="not found"):
        invoke(platform, emptied, "same")
    for listing in ("list_endpoints", "list_models", "list_endpoint_configs"):
        answer = getattr(platform.client("sagemaker", emptied), listing)()
        assert not [value for value in answer.values() if isinstance(value, list) and value]
    wait_for(lambda: not platform.agent.tasks({"obsiverse.account": emptied}), "its tasks have ended")
    assert invoke(platform, kept, "same")["model"] == {"name": kept}
    platform.deploy_in(emptied, "same")
    assert invoke(platform, emptied, "same")["model"] == {"name": emptied}


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("PUT", "12", {"instant": True}),
        ("PUT", "151515151515", {"instant": "yes"}),
        ("PUT", "151515151515", {"other": True}),
        ("PUT", "151515151515", []),
    ],
)
def test_what_is_no_setting_of_an_account_is_refused(platform: Platform, method: str, path: str, document: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(platform, method, path, document)
    assert caught.value.code == 400
    assert json.load(caught.value)["message"]
