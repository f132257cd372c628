"""Why promotion stops, and what to do."""

from __future__ import annotations


class PromoteError(Exception):
    """Promotion can't go on.

    Attributes:
        message: what and why.
        hint: the next step.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class WrongAccount(PromoteError):
    """The credentials are another account's than the target's."""


class NotInTime(PromoteError):
    """Something did not come about within its deadline."""


class NameTaken(PromoteError):
    """What would be made is there already, and is not ours."""


class Stopped(PromoteError):
    """An apply or a rollback stopped at an error.

    Attributes:
        done: keys of what was done before.
        left: keys of what was not begun.
    """

    def __init__(self, message: str, hint: str, done: list[str], left: list[str]) -> None:
        super().__init__(message, hint)
        self.done = done
        self.left = left


class GrafanaRefused(PromoteError):
    """Grafana answered with an error.

    Attributes:
        status: HTTP's.
    """

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.status = status
