"""What AWS's and Grafana's errors mean for whoever promotes, and what to do."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.redaction import text
from obsiverse.targets import Target

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
UNKNOWN_KEY = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
}
DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "AuthorizationErrorException",
}
QUOTA = {"ServiceQuotaExceededException", "LimitExceeded", "LimitExceededException", "ResourceLimitExceeded"}
TAKEN = {
    "ConflictException", "EntityAlreadyExists", "BucketAlreadyExists", "ResourceAlreadyExistsException", "ResourceInUse",
}  # fmt: skip
_ACTION = re.compile(r"perform:? ([a-z0-9-]+:[A-Za-z]+)")
_RESOURCE = re.compile(r"on resource:? \"?(arn:[^\s\"]+)")
# Where a client's name is not the prefix of its actions.
PREFIXES = {"amp": "aps", "sagemaker-runtime": "sagemaker"}


def explained(error: Exception, doing: str, target: Target) -> PromoteError:
    """An error as what it means, with the next step.

    Args:
        doing: what was being done.
        target: where.
    """
    if isinstance(error, PromoteError):
        return error
    answer = getattr(error, "response", None)
    if isinstance(answer, dict) and "Error" in answer:
        return _refused(cast(dict[str, Any], answer), error, doing, target)
    name, said = type(error).__name__, text(str(error))
    match name:
        case "NoCredentialsError" | "PartialCredentialsError" | "CredentialRetrievalError":
            return PromoteError(f"there are no credentials for target {target.name}: {said}", _sign_in(target))
        case "ProfileNotFound":
            return PromoteError(
                f"{said}, and target {target.name} wants it", "Name another in credentials.profile, or `aws configure`."
            )
        case "SSOTokenLoadError" | "UnauthorizedSSOTokenError" | "TokenRetrievalError":
            return PromoteError(f"the sign-in for target {target.name} is over: {said}", _sign_in(target))
        case (
            "EndpointConnectionError"
            | "ConnectTimeoutError"
            | "ConnectionClosedError"
            | "ReadTimeoutError"
            | "ProxyConnectionError"
        ):
            where = target.endpoints.aws
            hint = (
                "Is the stack up? See `obsiverse ps`."
                if where
                else f"Is there a network, and does AWS have this service in {target.region}?"
            )
            return PromoteError(f"{doing}: {said}", hint)
        case _:
            return PromoteError(f"{doing}: {name}: {said}" if said else f"{doing}: {name}")


def policy_line(action: str, resource: str) -> str:
    """A statement that allows an action."""
    return json.dumps({"Effect": "Allow", "Action": action, "Resource": resource})


def missing_permission(message: str) -> str:
    """The line to add to a policy, where a message says that an action is not allowed; else ""."""
    action, resource = _ACTION.search(message), _RESOURCE.search(message)
    if not action:
        return ""
    line = policy_line(action[1], resource[1] if resource else "*")
    return f"Have this added to the policy of whoever promotes: {line}"


def code_of(error: Exception) -> str:
    """The code of an AWS error; "" for any other."""
    answer = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return ""
    return str(cast(dict[str, Any], answer).get("Error", {}).get("Code", ""))


def status_of(error: Exception) -> int:
    """HTTP's status of an AWS error; 0 for any other."""
    answer = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return 0
    return int(cast(dict[str, Any], answer).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_missing(error: Exception) -> bool:
    """Whether AWS says that there is no such thing, in one of its many ways."""
    answer = getattr(error, "response", None)
    code = code_of(error)
    if not code:
        return False
    message = str(cast(dict[str, Any], answer)["Error"].get("Message", ""))
    return (
        code
        in (
            "404",
            "NoSuchBucket",
            "NoSuchKey",
            "NotFound",
            "NotFoundException",
            "NoSuchEntity",
            "ObjectNotFoundException",
        )
        or "ResourceNotFound" in code
        or "NonExistentQueue" in code
        or (code == "ValidationException" and "Could not find" in message)
    )


def _refused(answer: dict[str, Any], error: Exception, doing: str, target: Target) -> PromoteError:
    code, message = str(answer["Error"].get("Code", "")), text(str(answer["Error"].get("Message", "")))
    if code in EXPIRED:
        return PromoteError(f"the credentials for target {target.name} have expired: {message}", _sign_in(target))
    if code in UNKNOWN_KEY:
        return PromoteError(f"AWS does not know the credentials for target {target.name}: {message}", _sign_in(target))
    if code in DENIED:
        return _denied(message, error, doing)
    if code in QUOTA:
        return PromoteError(
            f"{doing}: a quota is used up: {message}", "Delete what is not needed, or ask for more in Service Quotas."
        )
    if code in TAKEN:
        return PromoteError(
            f"{doing}: {code}: {message}", "Is its name another's? See promote.name in the target's file."
        )
    return PromoteError(f"{doing}: {code}: {message}")


def _denied(message: str, error: Exception, doing: str) -> PromoteError:
    action, resource = _ACTION.search(message), _RESOURCE.search(message)
    operation = str(getattr(error, "operation_name", "")) or "*"
    service = str(getattr(error, "service_name", "")) or "*"
    named = action[1] if action else f"{PREFIXES.get(service, service)}:{operation}"
    where = resource[1] if resource else "*"
    return PromoteError(
        f"{doing}: {named} on {where} is not allowed: {message}",
        f"Have this added to the policy of whoever promotes: {policy_line(named, where)}",
    )


def _sign_in(target: Target) -> str:
    match target.credentials.source:
        case "emulated":
            return "Is endpoints.aws of the target this machine's edge?"
        case "profile":
            profile = target.credentials.profile
            return f"Try `aws sso login --profile {profile}` or `aws configure --profile {profile}`."
        case "environment":
            return (
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or run where there is a role."
            )
