"""What moto raises, as the errors that AWS would answer with."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from botocore.model import OperationModel
from localstack.aws.api import CommonServiceException

from obsiverse_aws.errors import NotEmulated


class OperationNotEmulated(CommonServiceException):
    """Neither we nor moto have the operation.

    AWS's code for an operation that a service does not have, which clients take for what it is; and the one status from
    500 on that they do not retry.
    """

    def __init__(self, operation: OperationModel) -> None:
        super().__init__(
            "UnknownOperationException",
            f"{_name(operation)} is not emulated. A limit of this emulation, not of AWS.",
            501,
        )


class RequestNotEmulated(NotEmulated):
    """moto has the operation and fails at this request."""

    def __init__(self, operation: OperationModel, cause: Exception) -> None:
        super().__init__(f"{_name(operation)} can't be answered for this request ({type(cause).__name__}: {cause}).")


def translate(operation: OperationModel, error: CommonServiceException) -> CommonServiceException:
    """AWS's error for one that moto answered with.

    Some of moto's errors are XML whatever protocol the service has, of which botocore understands the status alone.
    """
    code, message = error.code, error.message or ""
    if _is_status(code) and (inner := _from_xml(message)) is not None:
        code, message = inner
    if _is_status(code) and not message:
        return OperationNotEmulated(operation)
    if _is_status(code) or (code not in _declared(operation) and _NOT_FOUND.search(f"{code} {message}")):
        code = _code(operation, error.status_code, f"{code} {message}")
    # What is not there is the sender's fault, and AWS's JSON services say 400 to it.
    status = 400 if error.status_code == 404 and operation.service_model.protocol == "json" else error.status_code
    return CommonServiceException(code, message, status, sender_fault=status < 500)


_NOT_FOUND = re.compile(r"not\s?found|no\s?such|could not find|does not exist", re.IGNORECASE)


def _is_status(code: str) -> bool:
    return code.strip("'").isdigit()


def _from_xml(message: str) -> tuple[str, str] | None:
    if not message.lstrip().startswith("<"):
        return None
    try:
        root = ElementTree.fromstring(message.strip())  # noqa: S314 - moto wrote it
    except ElementTree.ParseError:
        return None
    return root.findtext(".//Code", "400"), root.findtext(".//Message", "")


def _declared(operation: OperationModel) -> list[str]:
    return [shape.name for shape in operation.error_shapes]


def _code(operation: OperationModel, status: int, text: str) -> str:
    """The operation's own error for something that is not there, or else what AWS's front end says."""
    if status == 404 or _NOT_FOUND.search(text):
        for name in _declared(operation):
            if "NotFound" in name:
                return name
    return "ValidationException"


def _name(operation: OperationModel) -> str:
    return f"{operation.name} of {operation.service_model.service_name}"
