"""What can keep a component from being got, each with what to do next."""

# Named after what happened; all are ComponentError.

from __future__ import annotations

from pathlib import Path


class ComponentError(Exception):
    """A program or a Python environment could not be got.

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


class UnknownComponent(ComponentError):
    """A name that is not in the catalogue."""


class Unreachable(ComponentError):
    """A server gave no answer; the next source may."""


class DownloadFailed(ComponentError):
    """A server answered, but the file did not come."""


class ChecksumMismatch(ComponentError):
    """A file is not the one that was published, or not the one that an earlier download was.

    Never passed over for the next source: someone should look.
    """

    def __init__(self, file: str, actual: str, expected: str, stated_by: str) -> None:
        super().__init__(
            f"{file} has sha256 {actual}, but {stated_by} says {expected}",
            "Try once more; if the sums still differ, do not use the file: compare it with the publisher's page.",
        )
        self.actual = actual
        self.expected = expected


class NoSpace(ComponentError):
    """The disk is full or the folder can't be written."""

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(
            f"can't write to {folder}: {error.strerror}",
            "Free some space or rights there, or move the cache with XDG_CACHE_HOME.",
        )


class ToolMissing(ComponentError):
    """Go or uv is needed and can't be found."""


class BuildFailed(ComponentError):
    """The Go compiler failed; the message ends with its last lines."""


class EnvironmentFailed(ComponentError):
    """uv could not make a Python environment; the message ends with its last lines."""


class Cancelled(ComponentError):
    """`interrupt()` was called meanwhile."""

    def __init__(self) -> None:
        super().__init__("interrupted")
