"""SimulatePrincipalPolicy: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html.

LocalStack's own compares names for equality, reads the trust policy as a permission, and fails without ResourceArns;
version 3 of the SageMaker SDK asks it about every role before it uses one.
"""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext
from localstack.services.iam.resources.policy_simulator import IAMPolicySimulator
from moto.iam.models import iam_backends

from obsiverse_aws.errors import ValidationException
from obsiverse_aws.iam.evaluation import Statement, decide, statements


class PolicySimulator(IAMPolicySimulator):
    """Evaluates the policies of a user, group or role. Conditions and permissions boundaries are not evaluated."""

    def simulate_principal_policy(self, context: RequestContext, request: Any) -> Any:
        """SimulatePrincipalPolicy."""
        # Any: moto and LocalStack are untyped.
        backend: Any = iam_backends[context.account_id][context.partition]
        every = [
            *_of_principal(backend, request["PolicySourceArn"]),
            *(one for document in request.get("PolicyInputList") or [] for one in statements("input", document)),
        ]
        results: list[dict[str, Any]] = []
        for action in request["ActionNames"]:
            for resource in request.get("ResourceArns") or ["*"]:
                decision = decide(every, action, resource)
                matched = [{"SourcePolicyId": one, "SourcePolicyType": "IAM Policy"} for one in decision.policies]
                results.append(
                    {
                        "EvalActionName": action,
                        "EvalResourceName": resource,
                        "EvalDecision": decision.word,
                        "MatchedStatements": matched,
                        "MissingContextValues": [],
                    }
                )
        return {"EvaluationResults": results, "IsTruncated": False}


def _of_principal(backend: Any, arn: str) -> list[Statement]:
    """The statements that are attached to a user, a group or a role, and for a user to its groups."""
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    name = rest.rpartition("/")[2]
    match kind:
        case "role":
            return _of(backend.get_role(name))
        case "group":
            return _of(backend.get_group(name))
        case "user":
            found = _of(backend.get_user(name))
            for group in backend.get_groups_for_user(name):
                found += _of(group)
            return found
        case _:
            raise ValidationException(f"{arn} is no ARN of a user, group or role.")


def _of(holder: Any) -> list[Statement]:
    inline = [one for name, document in holder.policies.items() for one in statements(name, document)]
    return inline + [
        one for policy in holder.managed_policies.values() for one in statements(policy.name, policy.document)
    ]
