"""The reset of an account, of which another account notices nothing."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from obsiverse_aws.state import reset as resets
from obsiverse_aws.state.generations import Generations
from obsiverse_aws.state.keeper import Keeper
from platform_under_test import REGION, Platform, wait_for
from test_state import edge_alone, state_files, wait_until_all_is_saved

EMPTIED, KEPT = "111111111111", "222222222222"
SAVED = ("sqs", "sns", "ssm", "secretsmanager", "logs", "ec2", "iam", "kms", "events", "cloudwatch")


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Platform]:
    """An edge of its own, with two accounts that hold the same."""
    for started in edge_alone(tmp_path_factory.mktemp("reset"), cache):
        for account in (EMPTIED, KEPT):
            fill(started, account)
            wait_until_there_is_a_file_of_each(started, account)
        wait_until_all_is_saved(started)
        yield started


def wait_until_there_is_a_file_of_each(platform: Platform, account: str) -> None:
    """Wait until all that `fill` makes was saved once."""
    wait_for(lambda: all(state_files(platform, service, account) for service in SAVED), f"the state of {account}", 60)


def fill(platform: Platform, account: str) -> None:
    """Make something of everything."""

    def client(name: str) -> Any:
        return platform.client(name, account)

    client("s3").create_bucket(Bucket=f"bucket-{account}")
    client("s3").put_object(Bucket=f"bucket-{account}", Key="key", Body=b"content")
    client("sqs").create_queue(QueueName="queue")
    client("sns").create_topic(Name="topic")
    client("ssm").put_parameter(Name="/name", Value="value", Type="String")
    client("secretsmanager").create_secret(Name="secret", SecretString="hidden")
    client("logs").create_log_group(logGroupName="/group")
    client("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    client("iam").create_user(UserName="user")
    client("kms").create_key(Description="key")
    client("events").put_rule(Name="rule", EventPattern=json.dumps({"source": ["mine"]}))
    client("cloudwatch").put_metric_data(Namespace="test", MetricData=[{"MetricName": "load", "Value": 1.0}])
    client("cloudwatch").put_metric_alarm(
        AlarmName="busy",
        Namespace="test",
        MetricName="load",
        Statistic="Maximum",
        Period=10,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )


def held(platform: Platform, account: str) -> list[str]:
    """The names of all that an account holds."""

    def client(name: str) -> Any:
        return platform.client(name, account)

    return [
        *[one["Name"] for one in client("s3").list_buckets()["Buckets"]],
        *[one.rsplit("/", 1)[1] for one in client("sqs").list_queues().get("QueueUrls", [])],
        *[one["TopicArn"].rsplit(":", 1)[1] for one in client("sns").list_topics()["Topics"]],
        *[one["Name"] for one in client("ssm").describe_parameters()["Parameters"]],
        *[one["Name"] for one in client("secretsmanager").list_secrets()["SecretList"]],
        *[one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]],
        *[one["CidrBlock"] for one in client("ec2").describe_vpcs()["Vpcs"] if not one["IsDefault"]],
        *[one["UserName"] for one in client("iam").list_users()["Users"]],
        *["key" for _ in client("kms").list_keys()["Keys"]],
        *[one["Name"] for one in client("events").list_rules()["Rules"]],
        *[one["MetricName"] for one in client("cloudwatch").list_metrics(Namespace="test")["Metrics"]],
        *[one["AlarmName"] for one in client("cloudwatch").describe_alarms()["MetricAlarms"]],
    ]


def reset(platform: Platform, account: str) -> dict[str, Any]:
    """What the reset answers."""
    url = f"{platform.edge_url}/_obsiverse/accounts/{account}/reset"
    with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=10) as answer:
        return json.load(answer)


def test_one_account_is_emptied_and_the_other_is_not(platform: Platform) -> None:
    before = held(platform, KEPT)
    assert len(before) == 12
    assert len(held(platform, EMPTIED)) == 12

    answer = reset(platform, EMPTIED)

    assert answer["account"] == EMPTIED
    assert {"s3", "sqs", "cloudwatch", "ec2"} <= set(answer["services"])
    assert held(platform, EMPTIED) == []
    assert held(platform, KEPT) == before
    assert platform.client("s3", KEPT).get_object(Bucket=f"bucket-{KEPT}", Key="key")["Body"].read() == b"content"
    assert not (platform.data / "s3" / f"bucket-{EMPTIED}").exists()


def test_reset_outlives_a_kill_right_after(platform: Platform) -> None:
    fill(platform, EMPTIED)
    before = held(platform, KEPT)
    wait_until_all_is_saved(platform)
    assert state_files(platform, account=EMPTIED)
    reset(platform, EMPTIED)
    platform.kill("edge")
    platform.start_edge()
    assert held(platform, EMPTIED) == []
    assert held(platform, KEPT) == before


def test_emptied_account_can_be_filled_again(platform: Platform) -> None:
    reset(platform, EMPTIED)
    fill(platform, EMPTIED)
    assert len(held(platform, EMPTIED)) == 12


def test_bucket_of_an_emptied_account_is_free_for_others(platform: Platform) -> None:
    platform.client("s3", EMPTIED).create_bucket(Bucket="wanted")
    with pytest.raises(ClientError):
        platform.client("s3", KEPT).create_bucket(Bucket="wanted", CreateBucketConfiguration=_elsewhere())
    reset(platform, EMPTIED)
    platform.client("s3", KEPT).create_bucket(Bucket="wanted")
    platform.client("s3", KEPT).delete_bucket(Bucket="wanted")


def _elsewhere() -> dict[str, str]:
    assert REGION == "us-east-1"
    return {"LocationConstraint": "eu-west-1"}


@pytest.mark.parametrize("account", ["12345", "1111111111111", "abcdefghijkl", "11111111111%D9%A1"])
def test_malformed_account_is_refused(platform: Platform, account: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        reset(platform, account)
    assert caught.value.code == 400
    assert json.load(caught.value)["error"]["code"] == "no_account"


def test_callbacks_are_called_first_and_one_that_fails_keeps_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resets, "_callbacks", [])
    called: list[tuple[str, bool]] = []
    file = tmp_path / "sqs" / f"sqs_stores.{EMPTIED}.state"
    file.parent.mkdir()
    file.write_bytes(b"state")
    emptied = resets.Resets(Keeper(Generations(tmp_path), {}))

    @resets.on_reset
    def note(account: str) -> None:  # pyright: ignore[reportUnusedFunction]
        called.append((account, file.exists()))

    @resets.on_reset
    def refuse(account: str) -> None:
        raise OSError(account)

    with pytest.raises(OSError, match=EMPTIED):
        emptied.reset(EMPTIED)
    assert (called, file.exists()) == ([(EMPTIED, True)], True)

    resets._callbacks.remove(refuse)  # pyright: ignore[reportPrivateUsage]
    assert emptied.reset(EMPTIED) == []
    assert (called, file.exists()) == ([(EMPTIED, True)] * 2, False)


def test_a_full_bucket_goes_with_its_account(platform: Platform) -> None:
    s3 = platform.client("s3", EMPTIED)
    s3.create_bucket(Bucket="full")
    for number in range(200):
        s3.put_object(Bucket="full", Key=str(number), Body=b"content")
    reset(platform, EMPTIED)
    assert s3.list_buckets()["Buckets"] == []
    s3.create_bucket(Bucket="full")
    assert s3.list_objects_v2(Bucket="full")["KeyCount"] == 0
