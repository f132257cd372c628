"""The errors of the SageMaker Runtime API, with the codes, statuses and members that its clients parse.

Shapes: the `sagemaker-runtime` service model.
"""

# AWS names the shapes, and a class is its shape's name.

from __future__ import annotations

from obsiverse_dataplane.errors import MESSAGE_MAX, AwsError


class ValidationError(AwsError):
    """The request names something that does not exist or breaks a constraint."""

    status = 400


class EndpointNotFound(ValidationError):
    """No such endpoint in the caller's account and region."""

    def __init__(self, endpoint: str, account: str) -> None:
        super().__init__(f"Endpoint {endpoint} of account {account} not found.", ErrorCode="NO_SUCH_ENDPOINT")

    @property
    def code(self) -> str:
        """AWS has no code of its own for it."""
        return ValidationError.__name__


class ModelError(AwsError):
    """The container answered with an error, or not at all (then the original status is 0)."""

    status = 424

    def __init__(self, account: str, region: str, endpoint: str, original_status: int, original_message: str) -> None:
        side = "client" if 300 <= original_status < 500 else "server"
        group = f"/aws/sagemaker/Endpoints/{endpoint}"
        console = (
            f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group}"
        )
        # Room for what stands around it, so that the link survives the limit.
        quoted = original_message[: MESSAGE_MAX - len(console) - 150]
        super().__init__(
            f'Received {side} error ({original_status}) from primary with message "{quoted}". '
            f"See {console} in account {account} for more information.",
            ErrorCode="CLIENT_ERROR_FROM_MODEL" if side == "client" else "INTERNAL_FAILURE_FROM_MODEL",
            OriginalStatusCode=original_status,
            OriginalMessage=original_message[:MESSAGE_MAX],
            LogStreamArn=f"arn:aws:logs:{region}:{account}:log-group:{group}",
        )


class ModelNotReadyException(AwsError):
    """The variant has no instance yet: ask again."""

    status = 429


class PayloadTooLarge(AwsError):
    """The body is over the limit. AWS's front end answers in plain text, so clients see the status as the code."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"HTTP content length exceeded {limit} bytes.")

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Plain text."""
        return [(b"content-type", b"text/plain")]

    def body(self) -> bytes:
        """The message alone."""
        return str(self).encode()
