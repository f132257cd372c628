"""What the agent refuses, each with the code and HTTP status of its answer."""

from __future__ import annotations

import errno


class AgentFault(Exception):
    """A call could not be done.

    Attributes:
        code: the error's name in the answer.
        status: HTTP status.
    """

    code = "internal"
    status = 500


class InvalidSpec(AgentFault):
    """The call's content is wrong."""

    code, status = "invalid_spec", 400


class NotFound(AgentFault):
    """There is no such task, template or path."""

    code, status = "not_found", 404


class WaitTimeout(AgentFault):
    """What was waited for did not come about in time."""

    code, status = "timeout", 408


class Conflict(AgentFault):
    """The task's state does not allow it."""

    code, status = "conflict", 409


class StartFailed(AgentFault):
    """The task's program could not be run."""

    code, status = "start_failed", 422


class NoPort(AgentFault):
    """No port is free."""

    code, status = "no_port", 503


class DiskFull(AgentFault):
    """The state folder can't be written."""

    code, status = "disk_full", 507


def from_os_error(error: OSError) -> AgentFault:
    """The fault that an error of the file system is."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(
            f"No space left for the agent's state ({error.filename or 'state folder'}): free some, then try again"
        )
    return AgentFault(f"{error.strerror or error} ({error.filename or 'state folder'})")
