"""DeploymentConfig: how an endpoint goes over to another configuration.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeploymentConfig.html
"""

from __future__ import annotations

import time
from typing import Any

from obsiverse_aws.errors import ValidationException
from obsiverse_aws.sagemaker.models import Deployment, Update

CANARY_MAX, LINEAR, ROLLING = 50, (10, 50), (5, 50)
"""Bounds of a step in percent of a variant's capacity."""


def at_once() -> Update:
    """All requests in one step, and no waiting."""
    return Update({}, [1.0], rolling=False, wait=0, termination_wait=0, deadline=None, alarms=[])


def update_of(config: dict[str, Any] | None, deployment: Deployment) -> Update:
    """The update that a DeploymentConfig asks for.

    Raises ValidationException.
    """
    update = at_once()
    if config is None:
        return update
    if "BlueGreenUpdatePolicy" in config and "RollingUpdatePolicy" in config:
        raise ValidationException("Both BlueGreenUpdatePolicy and RollingUpdatePolicy are given; an update has one.")
    update.definition = config
    update.alarms = [alarm["AlarmName"] for alarm in config.get("AutoRollbackConfiguration", {}).get("Alarms", [])]
    if policy := config.get("RollingUpdatePolicy"):
        update.rolling = True
        update.wait = update.termination_wait = policy["WaitIntervalInSeconds"]
        update.shares = _steps(_share(policy["MaximumBatchSize"], deployment, "MaximumBatchSize", *ROLLING))
    elif policy := config.get("BlueGreenUpdatePolicy"):
        routing = policy["TrafficRoutingConfiguration"]
        update.wait = routing["WaitIntervalInSeconds"]
        update.termination_wait = policy.get("TerminationWaitInSeconds", 0)
        update.shares = _routing_steps(routing, deployment)
    else:
        return update
    limit = policy.get("MaximumExecutionTimeoutInSeconds")
    if limit is not None:
        needed = update.wait * (len(update.shares) - 1) + update.termination_wait
        if needed > limit:
            raise ValidationException(
                f"MaximumExecutionTimeoutInSeconds of {limit} is less than the {needed:g} s that the update waits."
            )
        update.deadline = time.time() + limit
    return update


def _routing_steps(routing: dict[str, Any], deployment: Deployment) -> list[float]:
    match routing["Type"]:
        case "CANARY":
            return [_share(_required(routing, "CanarySize"), deployment, "CanarySize", 1, CANARY_MAX), 1.0]
        case "LINEAR":
            return _steps(_share(_required(routing, "LinearStepSize"), deployment, "LinearStepSize", *LINEAR))
        case _:
            return [1.0]


def _required(routing: dict[str, Any], member: str) -> dict[str, Any]:
    if member not in routing:
        raise ValidationException(f"{member} is required for traffic routing of type {routing['Type']}.")
    return routing[member]


def _share(size: dict[str, Any], deployment: Deployment, member: str, low: int, high: int) -> float:
    if size["Type"] == "CAPACITY_PERCENT":
        percent = size["Value"]
    else:
        # Of the smallest variant, so that no variant's step is larger than asked for.
        percent = 100 * size["Value"] / min(len(variant.instances) for variant in deployment.variants)
    if not low <= percent <= high:
        raise ValidationException(
            f"{member} must be between {low} and {high} percent of the capacity of every variant; it is {percent:g}."
        )
    return percent / 100


def _steps(share: float) -> list[float]:
    steps: list[float] = []
    while not steps or steps[-1] < 1:
        steps.append(min(share * (len(steps) + 1), 1.0))
        if steps[-1] > 1 - 1e-9:
            steps[-1] = 1.0
    return steps
