"""What can stop the engine, each with what to do next."""

from __future__ import annotations


class EngineError(Exception):
    """The engine could not do what was asked.

    Args:
        message: what failed and why.
        hint: the next step, one sentence.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ServiceFailed(EngineError):
    """A service exited, turned unhealthy or took too long while it was started.

    Args:
        service: its name in the Compose file.
        reason: for example "exited with code 3".
        log: its last lines.
        hint: the next step.
    """

    def __init__(self, service: str, reason: str, log: list[str], hint: str) -> None:
        super().__init__(f"{service} {reason}", hint)
        self.service = service
        self.log = log


class PortTaken(EngineError):
    """A port that a service publishes is held by another program."""


class Interrupted(EngineError):
    """The user ended the run; what it had started was stopped."""
