"""What the agent answers when it can't do what it was asked."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager

FULL = (errno.ENOSPC, errno.EDQUOT)


class AgentFault(Exception):
    """A refusal that has a place in the API.

    Attributes:
        status: the HTTP status.
        code: the API's name for it.
    """

    status = 500
    code = "internal"


class InvalidSpec(AgentFault):
    """What was sent does not say what to run, or can't be read."""

    status = 400
    code = "invalid_spec"


class NotFound(AgentFault):
    """No such task, template or path."""

    status = 404
    code = "not_found"


class Conflict(AgentFault):
    """The task's state does not allow it."""

    status = 409
    code = "conflict"


class WaitTimeout(AgentFault):
    """What was waited for did not come in time."""

    status = 408
    code = "timeout"


class StartFailed(AgentFault):
    """The program can't be started."""

    status = 422
    code = "start_failed"


class NoPort(AgentFault):
    """Every port for tasks is taken."""

    status = 503
    code = "no_port"


class DiskFull(AgentFault):
    """The state folder's disk takes no more."""

    status = 507
    code = "disk_full"


class AlreadyRunning(Exception):
    """Another agent has this state folder."""


class UnsafeSocketFolder(Exception):
    """The socket's folder is open to other users."""


class LaunchFailed(Exception):
    """The agent does not come up; the message ends with the last lines of its log."""


@contextmanager
def naming_full_disk(what: str) -> Generator[None]:
    """Turn the kernel's "no space left" into DiskFull, saying what could not be written.

    Raises:
        DiskFull: the disk or the user's quota is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskFull(f"the disk is full: {what} could not be written. Free some space and try again.") from error
