"""AWS's errors, with the codes that clients catch."""

# AWS names the errors, and a class is its error's name.

from __future__ import annotations

from localstack.aws.api import CommonServiceException


class ValidationException(CommonServiceException):
    """The request names something that is not there or breaks a constraint."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message, 400, sender_fault=True)


class NotEmulated(ValidationException):
    """The request is good on AWS, but asks for what this emulation does not do."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} A limit of this emulation, not of AWS.")


class ResourceInUse(CommonServiceException):
    """There is one of this name already."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceInUse", message, 400, sender_fault=True)


class ResourceLimitExceeded(CommonServiceException):
    """A quota is reached."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceLimitExceeded", message, 400, sender_fault=True)


class ServiceUnavailable(CommonServiceException):
    """A part that the request needs does not answer; asking again may help."""

    def __init__(self, message: str) -> None:
        super().__init__("ServiceUnavailable", message, 503)
