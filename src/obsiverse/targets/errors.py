"""What is wrong with a target."""

from __future__ import annotations


class TargetError(Exception):
    """A target can't be used; the message names file, line and key, and what to do."""
