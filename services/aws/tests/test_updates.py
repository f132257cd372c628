"""UpdateEndpoint: how requests go over to new instances, and back where an alarm fires."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError
from platform_under_test import Platform, wait_for

HALF = {"Type": "CAPACITY_PERCENT", "Value": 50}


def blue_green(kind: str, wait: int = 0, termination_wait: int = 0, **routing: Any) -> dict[str, Any]:
    """A DeploymentConfig."""
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait, **routing},
            "TerminationWaitInSeconds": termination_wait,
        }
    }


def update(platform: Platform, name: str, config: dict[str, Any], **container: Any) -> None:
    """Make a second configuration, and have the endpoint go over to it."""
    platform.make_config(f"{name}-2", count=2, **container)
    platform.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=f"{name}-2", DeploymentConfig=config)


def tasks(platform: Platform, name: str) -> list[str]:
    """The tasks of an endpoint."""
    return [one["id"] for one in platform.agent.tasks({"obsiverse.resource": "endpoint", "obsiverse.name": name})]


def shares(platform: Platform, name: str) -> float | None:
    """The share of requests that the new instances get, as the data plane has it."""
    [found] = [one for one in platform.routes() if one["endpoint"] == name]
    pending = found["variants"][0].get("pending")
    return pending["share"] if pending else None


class Callers:
    """Clients that invoke an endpoint until told to stop, and count which model answered."""

    def __init__(self, platform: Platform, name: str) -> None:
        self.answers: Counter[str] = Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(platform, name)) for _ in range(2)]

    def _call(self, platform: Platform, name: str) -> None:
        client = platform.client("sagemaker-runtime")
        while not self._stop.is_set():
            try:
                answer = client.invoke_endpoint(EndpointName=name, Body=b"sleep 0.01")["Body"].read().decode()
                self.answers["new" if f"{name}-2" in answer.partition('"body"')[0] else "old"] += 1
            except ClientError as error:
                self.answers[error.response["Error"]["Code"]] += 1

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_canary_takes_its_share_and_then_everything_without_losing_a_request(platform: Platform) -> None:
    platform.deploy("canary", count=2)
    with Callers(platform, "canary") as callers:
        update(platform, "canary", blue_green("CANARY", wait=2, CanarySize=HALF))
        wait_for(lambda: shares(platform, "canary") == 0.5, "the canary gets its share")
        described = platform.sagemaker.describe_endpoint(EndpointName="canary")
        assert described["EndpointStatus"] == "Updating"
        assert described["PendingDeploymentSummary"]["EndpointConfigName"] == "canary-2"
        assert len(tasks(platform, "canary")) == 4
        described = platform.wait_for_endpoint("canary", "InService")
        wait_for(lambda: len(tasks(platform, "canary")) == 2, "the old instances are gone")
    assert described["EndpointConfigName"] == "canary-2"
    assert described["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == "CANARY"
    assert set(callers.answers) == {"old", "new"}, "a request was lost"
    assert platform.invoke("canary")["model"] == {"name": "canary-2"}


def test_an_endpoint_tells_the_deployment_config_that_it_was_made_with(platform: Platform) -> None:
    platform.make_config("made", count=2)
    config = blue_green("CANARY", wait=2, CanarySize=HALF)
    platform.sagemaker.create_endpoint(EndpointName="made", EndpointConfigName="made", DeploymentConfig=config)
    assert platform.wait_for_endpoint("made", "InService")["LastDeploymentConfig"] == config
    with pytest.raises(ClientError, match="CanarySize"):
        platform.sagemaker.create_endpoint(
            EndpointName="never", EndpointConfigName="made", DeploymentConfig=blue_green("CANARY")
        )


def test_linear_goes_over_step_by_step(platform: Platform) -> None:
    platform.deploy("linear", count=2)
    update(platform, "linear", blue_green("LINEAR", wait=1, LinearStepSize={"Type": "CAPACITY_PERCENT", "Value": 33}))
    seen: list[float | None] = []

    def over() -> bool:
        share = shares(platform, "linear")
        if share not in seen:
            seen.append(share)
        return platform.sagemaker.describe_endpoint(EndpointName="linear")["EndpointStatus"] == "InService"

    wait_for(over, "the update ends")
    assert [round(share, 2) for share in seen if share] == [0.33, 0.66, 0.99]
    assert platform.invoke("linear")["model"] == {"name": "linear-2"}


def test_rolling_update_never_has_more_than_a_batch_too_many(platform: Platform) -> None:
    platform.deploy("rolling", count=2)
    with Callers(platform, "rolling") as callers:
        update(platform, "rolling", {"RollingUpdatePolicy": {"MaximumBatchSize": HALF, "WaitIntervalInSeconds": 1}})
        most = 0

        def over() -> bool:
            nonlocal most
            most = max(most, len(tasks(platform, "rolling")))
            return platform.sagemaker.describe_endpoint(EndpointName="rolling")["EndpointStatus"] == "InService"

        wait_for(over, "the update ends")
        wait_for(lambda: len(tasks(platform, "rolling")) == 2, "the old instances are gone")
    # Two and a batch of one; the next batch may start while the last old instance still ends.
    assert most <= 4
    assert set(callers.answers) == {"old", "new"}, "a request was lost"


def alarm(platform: Platform, name: str, state: str) -> None:
    """Have an alarm be in a state, made where it is missing."""
    cloudwatch = platform.client("cloudwatch")
    if not cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]:
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="Tests",
            MetricName="without data, so that only this test sets the state",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="ignore",
        )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


@pytest.mark.parametrize("name", ["canary-back", "rolling-back"])
def test_an_alarm_takes_the_endpoint_back_without_losing_a_request(platform: Platform, name: str) -> None:
    platform.deploy(name, count=2)
    alarm(platform, name, "OK")
    if name.startswith("canary"):
        config = blue_green("CANARY", wait=600, CanarySize=HALF)
    else:
        config = {"RollingUpdatePolicy": {"MaximumBatchSize": HALF, "WaitIntervalInSeconds": 600}}
    config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name}]}
    with Callers(platform, name) as callers:
        update(platform, name, config)
        wait_for(lambda: shares(platform, name) == 0.5, "half of the requests go to the new model")
        wait_for(lambda: callers.answers["new"] > 10, "the new model answers")
        alarm(platform, name, "ALARM")
        described = platform.wait_for_endpoint(name, "InService")
        wait_for(lambda: len(tasks(platform, name)) == 2, "the new instances are gone")
        after = callers.answers["old"]
        wait_for(lambda: callers.answers["old"] > after + 20, "the old model answers")
    assert described["EndpointConfigName"] == name
    assert f"alarms fired during the update: {name}" in described["FailureReason"]
    assert set(callers.answers) == {"old", "new"}, "a request was lost"
    assert platform.invoke(name)["model"] == {"name": name}


def test_the_old_instances_stay_for_the_termination_wait(platform: Platform) -> None:
    platform.deploy("stays", count=2)
    update(platform, "stays", blue_green("ALL_AT_ONCE", termination_wait=3))
    wait_for(lambda: platform.invoke("stays")["model"] == {"name": "stays-2"}, "the new model answers")
    assert len(tasks(platform, "stays")) == 4
    assert platform.sagemaker.describe_endpoint(EndpointName="stays")["EndpointStatus"] == "Updating"
    platform.wait_for_endpoint("stays", "InService")
    wait_for(lambda: len(tasks(platform, "stays")) == 2, "the old instances are gone")


def test_two_updates_at_once_and_a_delete_meanwhile_are_refused(platform: Platform) -> None:
    platform.deploy("busy", count=2)
    update(platform, "busy", blue_green("ALL_AT_ONCE", termination_wait=2))
    refused = pytest.raises(ClientError, match="Cannot update in-progress endpoint")
    with refused:
        platform.sagemaker.update_endpoint(EndpointName="busy", EndpointConfigName="busy")
    with refused:
        platform.sagemaker.delete_endpoint(EndpointName="busy")
    with refused:
        platform.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="busy", DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredWeight": 2}]
        )
    platform.wait_for_endpoint("busy", "InService")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (blue_green("CANARY"), "CanarySize is required"),
        (blue_green("CANARY", CanarySize={"Type": "CAPACITY_PERCENT", "Value": 60}), "between 1 and 50 percent"),
        (blue_green("LINEAR", LinearStepSize={"Type": "CAPACITY_PERCENT", "Value": 5}), "between 10 and 50 percent"),
        (blue_green("CANARY", CanarySize={"Type": "INSTANCE_COUNT", "Value": 2}), "between 1 and 50 percent"),
        (
            {
                **blue_green("ALL_AT_ONCE"),
                "RollingUpdatePolicy": {"MaximumBatchSize": HALF, "WaitIntervalInSeconds": 1},
            },
            "an update has one",
        ),
    ],
)
def test_a_deployment_config_that_can_not_be_is_refused(
    platform: Platform, config: dict[str, Any], message: str
) -> None:
    name = "refusing"
    if not any(one["EndpointName"] == name for one in platform.sagemaker.list_endpoints()["Endpoints"]):
        platform.deploy(name, count=2)
    with pytest.raises(ClientError, match=message):
        platform.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=name, DeploymentConfig=config)
    assert platform.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"


def test_deleting_a_busy_endpoint_answers_what_is_under_way(platform: Platform) -> None:
    platform.deploy("leaving")
    answers: list[str] = []
    slow = threading.Thread(target=lambda: answers.append(platform.invoke("leaving", b"sleep 2")["body"]))
    slow.start()
    time.sleep(0.5)
    platform.sagemaker.delete_endpoint(EndpointName="leaving")
    slow.join()
    assert answers == ["sleep 2"]
    platform.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="leaving", WaiterConfig={"Delay": 1})
    assert not tasks(platform, "leaving")
