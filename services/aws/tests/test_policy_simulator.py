"""The policy simulator says what policies allow."""

from __future__ import annotations

import json
from typing import Any

import pytest

TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}


def document(*statements: dict[str, Any]) -> str:
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.fixture
def iam(platform):
    """IAM of an account of its own."""
    return platform.client("iam", "444444444444")


@pytest.fixture
def role(iam, request):
    """Makes a role with an inline policy; its ARN."""

    def make(*statements: dict[str, Any]) -> str:
        name = request.node.name[:60].replace("[", "-").rstrip("]")
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(TRUST))
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(*statements))
        return iam.get_role(RoleName=name)["Role"]["Arn"]

    return make


def decisions(iam: Any, arn: str, *actions: str, **more: Any) -> list[str]:
    """What the simulator says of each action."""
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=list(actions), **more)
    assert [one["EvalActionName"] for one in answer["EvaluationResults"]] == list(actions)
    return [one["EvalDecision"] for one in answer["EvaluationResults"]]


def test_wildcards_match_actions_in_any_case(iam, role):
    arn = role(allow(["s3:Get*", "ECR:batchget?mage"]))
    said = decisions(iam, arn, "s3:GetObject", "s3:PutObject", "ecr:BatchGetImage")
    assert said == ["allowed", "implicitDeny", "allowed"]


def test_a_denial_outweighs_what_allows(iam, role):
    arn = role(allow("*"), {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"})
    assert decisions(iam, arn, "s3:DeleteBucket", "s3:ListBucket") == ["explicitDeny", "allowed"]


def test_resources_are_told_apart_and_all_of_them_are_meant_where_none_is_named(iam, role):
    arn = role(allow("s3:GetObject", "arn:aws:s3:::data/*"))
    assert decisions(iam, arn, "s3:GetObject") == ["implicitDeny"]
    assert decisions(iam, arn, "s3:GetObject", ResourceArns=["arn:aws:s3:::data/a/b"]) == ["allowed"]
    assert decisions(iam, arn, "s3:GetObject", ResourceArns=["arn:aws:s3:::other/a"]) == ["implicitDeny"]


def test_what_is_excepted_is_not_allowed(iam, role):
    arn = role({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})
    assert decisions(iam, arn, "iam:PassRole", "s3:GetObject") == ["implicitDeny", "allowed"]


def test_a_trust_policy_gives_no_permission(iam, role):
    assert decisions(iam, role(allow("s3:GetObject")), "sts:AssumeRole") == ["implicitDeny"]


def test_a_condition_whose_context_is_not_known_is_not_met(iam, role):
    arn = role(allow("s3:GetObject", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))
    assert decisions(iam, arn, "s3:GetObject") == ["implicitDeny"]


def test_a_user_has_what_is_attached_to_it_and_to_its_groups(iam):
    iam.create_user(UserName="analyst")
    iam.create_group(GroupName="lab")
    iam.add_user_to_group(UserName="analyst", GroupName="lab")
    policy = iam.create_policy(PolicyName="read", PolicyDocument=document(allow("s3:GetObject")))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="lab", PolicyArn=policy)
    iam.put_user_policy(UserName="analyst", PolicyName="own", PolicyDocument=document(allow("sqs:*")))
    arn = iam.get_user(UserName="analyst")["User"]["Arn"]
    said = decisions(iam, arn, "s3:GetObject", "sqs:SendMessage", "sns:Publish")
    assert said == ["allowed", "allowed", "implicitDeny"]


def test_a_role_that_is_not_there_is_no_entity(iam):
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        decisions(iam, "arn:aws:iam::444444444444:role/nobody", "s3:GetObject")
