"""The errors that AWS would answer with, for what moto raises and for what nobody emulates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from botocore.model import OperationModel
from localstack.aws.api import CommonServiceException

from obsiverse_aws.errors import NotEmulated, ValidationException

_NOT_FOUND = re.compile(r"not\s?found|no\s?such|could not find|does not exist", re.IGNORECASE)


class OperationNotEmulated(CommonServiceException):
    """Nobody here has the operation.

    AWS's code for an operation that a service does not have, which clients take for what it is; and a status that says
    whose fault it is but that they do not retry.
    """

    def __init__(self, service: object, operation: object) -> None:
        super().__init__(
            "UnknownOperationException",
            f"{operation} of {service} is not emulated. A limit of this emulation, not of AWS.",
            501,
        )


class RequestNotEmulated(NotEmulated):
    """moto has the operation and fails at this request."""

    def __init__(self, operation: OperationModel, cause: Exception) -> None:
        name = f"{operation.name} of {operation.service_model.service_name}"
        super().__init__(f"{name} can't be answered for this request ({type(cause).__name__}: {cause}).")


def from_answer(operation: OperationModel, error: CommonServiceException) -> CommonServiceException:
    """AWS's error for one that moto answered with.

    Some of moto's errors are XML whatever protocol the service has, of which botocore understands the status alone.
    """
    code, message, status = error.code, error.message or "", error.status_code
    if _is_status(code):
        code, message = _from_xml(message) or (code, message)
    if _is_status(code) and not message:
        return OperationNotEmulated(operation.service_model.service_name, operation.name)
    if _is_status(code) or code not in _names(operation.service_model.error_shapes):
        if status == 404 or _NOT_FOUND.search(f"{code} {message}"):
            code = _declared(operation, "NotFound")
        elif _is_status(code):
            code = ValidationException(message).code
    # What is not there is the sender's fault, and AWS's JSON services say 400 to it.
    if status == 404 and operation.service_model.protocol == "json":
        status = 400
    return CommonServiceException(code, message, status, sender_fault=status < 500)


def from_failure(operation: OperationModel, request: Any, cause: Exception) -> CommonServiceException | None:
    """AWS's error for an exception that moto raised where it meant to refuse the request; None for any other."""
    if type(cause) is Exception:
        return _sender(_declared(operation, "Invalid"), str(cause))
    if isinstance(cause, KeyError) and cause.args:
        # moto looked up by a name that the request gives, or by an identifier made of it.
        key = str(cause.args[0])
        # ECS's cluster where a request names none is `default`.
        if any(key == one or key.endswith((f"/{one}", f":{one}")) for one in ("default", *_texts(request))):
            return _sender(_declared(operation, "NotFound"), f"Could not find {key}.")
    return None


def _sender(code: str, message: str) -> CommonServiceException:
    return CommonServiceException(code, message, 400, sender_fault=True)


def _is_status(code: str) -> bool:
    return code.strip("'").isdigit()


def _from_xml(text: str) -> tuple[str, str] | None:
    try:
        root = ElementTree.fromstring(text.strip())  # noqa: S314 - moto wrote it
    except ElementTree.ParseError:
        return None
    return root.findtext(".//Code", "400"), root.findtext(".//Message", "")


def _names(shapes: Any) -> list[str]:
    return [shape.name for shape in shapes]


def _declared(operation: OperationModel, kind: str) -> str:
    """The operation's own error of a kind, or else what AWS's front end says."""
    return next((name for name in _names(operation.error_shapes) if kind in name), "ValidationException")


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)
        case _:
            return
