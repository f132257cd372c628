"""What a service fills in, orders otherwise or tells of a default is no difference."""

from __future__ import annotations

from typing import Any

import pytest

from obsiverse.promote.kinds import amp_alertmanager, cloudwatch_alarm, endpoint_scaling, sagemaker_endpoint_config
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Resource
from tests.unit.promote.memory import target

TRACKING = "TargetTrackingScalingPolicyConfiguration"


def test_the_order_of_an_alarms_queries_and_of_dimensions_says_nothing():
    dimensions = [{"Name": "EndpointName", "Value": "a"}, {"Name": "VariantName", "Value": "b"}]

    def alarm(order: int) -> dict[str, Any]:
        metric = {"Namespace": "n", "MetricName": "m", "Dimensions": dimensions[::order]}
        queries = [
            {"Id": "ratio", "Expression": "bad / all"},
            {"Id": "all", "MetricStat": {"Metric": metric, "Period": 60}},
        ]
        return {"Metrics": queries[::order], "Dimensions": dimensions[::order]}

    given = alarm(-1)
    assert cloudwatch_alarm.normalized(given) == cloudwatch_alarm.normalized(alarm(1))
    assert given == alarm(-1)


def test_a_variant_without_access_to_its_instances_is_one_that_does_not_say_so():
    [variant] = sagemaker_endpoint_config.normalized(
        {"ProductionVariants": [{"VariantName": "a", "EnableSSMAccess": False, "InitialInstanceCount": 0}]}
    )["ProductionVariants"]
    assert variant == {"VariantName": "a", "InitialInstanceCount": 0}
    [variant] = sagemaker_endpoint_config.normalized({"ProductionVariants": [{"EnableSSMAccess": True}]})[
        "ProductionVariants"
    ]
    assert variant == {"EnableSSMAccess": True}


@pytest.mark.parametrize(
    ("told", "same"),
    [
        ('"alertmanager_config": "\\"route\\": {\\"receiver\\": \\"sns\\"}"\n', True),
        ("alertmanager_config: |\n  route: {receiver: other}\n", False),
        ("alertmanager_config: [\n", False),
        ("- nothing", False),
    ],
)
def test_a_definition_in_other_words_is_the_same(told: str, same: bool):
    wanted = "alertmanager_config: |\n  route:\n    receiver: sns\n"

    class Amp:
        def describe_alert_manager_definition(self, **_: Any) -> Any:
            return {"alertManagerDefinition": {"data": told.encode(), "status": {"statusCode": "ACTIVE"}}}

    class There(Place):
        def client(self, service: str) -> Any:
            return Amp()

    resource = Resource("amp-alertmanager", "o", {"workspace": "ws-1", "definition": wanted})
    found = amp_alertmanager.AmpAlertmanager().read(There(target()), resource)
    assert found is not None
    assert found.properties["definition"] == (wanted if same else told)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"TargetValue": 1.0, "ScaleInCooldown": 300, "ScaleOutCooldown": 300, "DisableScaleIn": False}, {"TargetValue": 1.0}),
        ({"TargetValue": 1.0, "ScaleInCooldown": 0}, {"TargetValue": 1.0, "ScaleInCooldown": 0}),
        ({"TargetValue": 1.0, "DisableScaleIn": True}, {"TargetValue": 1.0, "DisableScaleIn": True}),
    ],
)  # fmt: skip
def test_defaults_of_a_scaling_policy_say_nothing(told: dict[str, Any], said: dict[str, Any]):
    class Scaling:
        def describe_scalable_targets(self, **_: Any) -> Any:
            return {"ScalableTargets": [{"MinCapacity": 1, "MaxCapacity": 2}]}

        def get_paginator(self, _: str) -> Any:
            return self

        def paginate(self, **_: Any) -> Any:
            return [{"ScalingPolicies": [{"PolicyName": "p", "PolicyType": "TargetTrackingScaling", TRACKING: told}]}]

    class Scaled(Place):
        def client(self, service: str) -> Any:
            return Scaling()

    found = endpoint_scaling.EndpointScaling().read(Scaled(target()), Resource("endpoint-scaling", "a/variant/b", {}))
    assert found is not None
    assert found.properties["policies"]["p"][TRACKING] == said
