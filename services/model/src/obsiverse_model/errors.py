"""Errors that a container can explain."""

from __future__ import annotations


class ContainerError(Exception):
    """Something the user of this container can put right; the message says how."""


class ConfigurationError(ContainerError):
    """The job's or the model's definition is incomplete or contradicts itself."""


class SourceError(ContainerError):
    """The user's code could not be fetched or unpacked."""


class RequirementsError(ContainerError):
    """The packages in requirements.txt could not be installed."""


class RequestError(ContainerError):
    """A request that can't be answered.

    Attributes:
        status: HTTP status.
    """

    status = 400


class BadInput(RequestError):
    """The body does not parse as what its content type says."""


class UnsupportedContentType(RequestError):
    """No handler reads this content type."""

    status = 415


class UnsupportedAccept(RequestError):
    """No handler writes this content type."""

    status = 406


class Overloaded(RequestError):
    """The queue in front of the model is full, or the model is not loaded yet."""

    status = 503
