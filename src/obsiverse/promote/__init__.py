"""Promotion: what was tried on this machine becomes the same thing in another account."""

from obsiverse.promote.apply import apply
from obsiverse.promote.errors import PromoteError, Stopped
from obsiverse.promote.export import export
from obsiverse.promote.plan import Action, Plan, Step
from obsiverse.promote.rollback import Undo, roll_back, undo_of
from obsiverse.promote.session import Session, open_session

__all__ = [
    "Action", "Plan", "PromoteError", "Session", "Step", "Stopped", "Undo", "apply", "export", "open_session", "roll_back",
    "undo_of",
]  # fmt: skip
