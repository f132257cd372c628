"""Kill -9 of the edge, the agent and the data plane, and what the next one makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from platform_under_test import ACCOUNT, REGION, Platform, wait_for


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Platform]:
    """A platform of its own, whose processes are killed."""
    started = Platform(tmp_path_factory.mktemp("own"), cache)
    try:
        started.start()
        yield started
    finally:
        started.end()


def test_killed_edge_goes_on_with_what_it_had_and_clears_away_what_belongs_to_nothing(platform: Platform) -> None:
    for name in ("stays", "lost"):
        platform.deploy(name)
    platform.train("survives", {"wait": "yes"})
    wait_for(lambda: any(one["id"].startswith("survives-") for one in platform.agent.tasks()), "the job's task runs")
    before = platform.invoke("stays")["pid"]

    platform.kill("edge")
    [lost] = platform.agent.tasks({"obsiverse.name": "lost"})
    platform.agent.delete(lost["id"])
    stray = {"obsiverse.account": ACCOUNT, "obsiverse.region": REGION, "obsiverse.resource": "endpoint"}
    platform.agent.put_task(
        "stray",
        {
            "template": "model",
            "args": ["serve"],
            "labels": {"obsiverse.kind": "task", "obsiverse.name": "gone", **stray},
        },
    )
    platform.start_edge()

    assert platform.invoke("stays")["pid"] == before
    assert platform.sagemaker.describe_endpoint(EndpointName="stays")["EndpointStatus"] == "InService"
    wait_for(lambda: not [one for one in platform.agent.tasks() if one["id"] == "stray"], "the stray task is gone")

    # From the copy of its model data.
    platform.wait_for_endpoint("lost", "InService")
    assert platform.invoke("lost")["model"] == {"name": "lost"}

    platform.sagemaker.stop_training_job(TrainingJobName="survives")
    job = platform.wait_for_job("survives")
    assert job["TrainingJobStatus"] == "Stopped"
    assert [one["Status"] for one in job["SecondaryStatusTransitions"]].count("Training") == 1


def test_instances_survive_the_agent(platform: Platform) -> None:
    platform.deploy("steady")
    before = platform.invoke("steady")["pid"]
    platform.kill("agent")
    assert platform.invoke("steady")["pid"] == before
    platform.start_agent()
    platform.deploy("after-agent")
    assert platform.invoke("steady")["pid"] == before


def test_unreachable_agent_is_reported_as_service_unavailable(platform: Platform) -> None:
    platform.make_config("no-agent")
    platform.kill("agent")
    try:
        with pytest.raises(ClientError) as caught:
            platform.sagemaker.create_endpoint(EndpointName="no-agent", EndpointConfigName="no-agent")
        error = caught.value.response
        assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("ServiceUnavailable", 503)
    finally:
        platform.start_agent()


def test_endpoint_waits_for_a_data_plane_that_is_away(platform: Platform) -> None:
    platform.kill("endpoints")
    platform.make_config("patient")
    platform.sagemaker.create_endpoint(EndpointName="patient", EndpointConfigName="patient")
    wait_for(
        lambda: any(one["health"] == "healthy" for one in platform.agent.tasks({"obsiverse.name": "patient"})),
        "its instance is healthy",
    )
    with pytest.raises(ClientError) as caught:
        platform.invoke("patient")
    assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"
    assert platform.sagemaker.describe_endpoint(EndpointName="patient")["EndpointStatus"] == "Creating"
    platform.start_endpoints()
    platform.wait_for_endpoint("patient", "InService")
    assert platform.invoke("patient")["model"] == {"name": "patient"}


def test_data_plane_has_a_route_for_each_endpoint_and_no_other(platform: Platform) -> None:
    listed = {one["EndpointName"] for one in platform.sagemaker.list_endpoints(MaxResults=100)["Endpoints"]}
    assert {one["endpoint"] for one in platform.routes()} == listed


def test_an_update_goes_on_where_a_killed_edge_left_it_and_requests_are_answered_meanwhile(platform: Platform) -> None:
    platform.deploy("halfway", count=2)
    platform.make_config("halfway-2", count=2)
    half = {"Type": "CAPACITY_PERCENT", "Value": 50}
    routing = {"Type": "CANARY", "WaitIntervalInSeconds": 4, "CanarySize": half}
    platform.sagemaker.update_endpoint(
        EndpointName="halfway",
        EndpointConfigName="halfway-2",
        DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
    )

    def share() -> float | None:
        [route] = [one for one in platform.routes() if one["endpoint"] == "halfway"]
        return route["variants"][0].get("pending", {}).get("share")

    wait_for(lambda: share() == 0.5, "the canary has its share")
    platform.kill("edge")
    direct = platform.client("sagemaker-runtime", url=platform.endpoints_url)
    answered = {
        json.load(direct.invoke_endpoint(EndpointName="halfway", Body=b"x")["Body"])["model"]["name"] for _ in range(40)
    }
    assert answered == {"halfway", "halfway-2"}
    platform.start_edge()
    described = platform.wait_for_endpoint("halfway", "InService")
    assert described["EndpointConfigName"] == "halfway-2"
    assert platform.invoke("halfway")["model"] == {"name": "halfway-2"}
    wait_for(lambda: len(platform.agent.tasks({"obsiverse.name": "halfway"})) == 2, "the old instances are gone")
