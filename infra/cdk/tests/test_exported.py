"""What is kept by hand here and what promotion would make are the same thing, wherever both have it."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import templates
from ruamel.yaml import YAML
from template import Resource, Stacks, statements

BOTH = (
    "AWS::APS::RuleGroupsNamespace", "AWS::APS::Workspace", "AWS::ECR::Repository", "AWS::Grafana::Workspace", "AWS::IAM::Role",
    "AWS::Logs::LogGroup", "AWS::Logs::LogStream", "AWS::Logs::ResourcePolicy", "AWS::S3::Bucket", "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy", "AWS::XRay::TransactionSearchConfig",
)  # fmt: skip
"""Types whose resources are the same in both."""
OF_MODELS = {
    "AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Endpoint", "AWS::CloudWatch::Alarm",
    "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy",
}  # fmt: skip
"""Types that follow from settings here, and from this machine's endpoints and alarms there."""


@pytest.fixture(scope="module")
def promoted(exported: Any) -> Stacks:
    return templates(exported)


@pytest.mark.parametrize("kind", BOTH)
def test_resources_are_those_that_promotion_makes(stacks: Stacks, promoted: Stacks, kind: str):
    mine = {one.name: described(one) for one in stacks.of(kind)}
    theirs = {one.name: described(one) for one in promoted.of(kind)}
    assert mine
    assert {name: theirs.get(name) for name in mine} == mine


def test_what_models_are_made_of_is_of_the_same_types(stacks: Stacks, promoted: Stacks):
    for found in (stacks, promoted):
        assert {one.kind for one in found.resources} >= OF_MODELS


def described(resource: Resource) -> Any:
    """Properties, with documents as what they say."""
    properties = {key: value for key, value in resource.properties.items() if key != "Tags"}
    for name in ("AssumeRolePolicyDocument", "PolicyDocument"):
        if name in properties:
            properties[name] = statements(properties[name])
    if resource.kind == "AWS::IAM::Role":
        [policy] = properties["Policies"]
        properties["Policies"] = statements(policy["PolicyDocument"])
    if resource.kind == "AWS::APS::Workspace":
        document = YAML(typ="safe", pure=True).load(properties["AlertManagerDefinition"])
        properties["AlertManagerDefinition"] = YAML(typ="safe", pure=True).load(document["alertmanager_config"])
    return properties
