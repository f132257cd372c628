"""Why a scenario ended before its end, and what to do."""

from __future__ import annotations


class ScenarioError(Exception):
    """A step failed.

    Attributes:
        message: what and why.
        next_step: what the user can do.
    """

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class TrainingFailed(ScenarioError):
    """The training job ended, and not as Completed."""


class DeploymentFailed(ScenarioError):
    """The endpoint did not come into service."""


class WrongAnswer(ScenarioError):
    """A model answered, but not as it must."""


class TimedOut(ScenarioError):
    """Something did not happen in time."""
