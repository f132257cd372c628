"""Programs and Python environments: where each comes from, and getting it.

`get("prometheus").path` is the path of a program; `explain` says where it comes from. `python_environment` makes a
service's environment. `interrupt()` makes all of them stop soon, in every thread.
"""

from obsiverse.components.catalog import CATALOG, PROGRAMS
from obsiverse.components.errors import (
    BuildFailed,
    Cancelled,
    ChecksumMismatch,
    ComponentError,
    DownloadFailed,
    EnvironmentFailed,
    NoSpace,
    ToolMissing,
    UnknownComponent,
    Unreachable,
)
from obsiverse.components.process import interrupt, reset
from obsiverse.components.progress import Progress, Report
from obsiverse.components.python_environment import python_environment, requirements_taken
from obsiverse.components.resolve import Explanation, Resolved, explain, get
from obsiverse.components.settings import ComponentSettings

__all__ = [
    "CATALOG",
    "PROGRAMS",
    "BuildFailed",
    "Cancelled",
    "ChecksumMismatch",
    "ComponentError",
    "ComponentSettings",
    "DownloadFailed",
    "EnvironmentFailed",
    "Explanation",
    "NoSpace",
    "Progress",
    "Report",
    "Resolved",
    "ToolMissing",
    "UnknownComponent",
    "Unreachable",
    "explain",
    "get",
    "interrupt",
    "python_environment",
    "requirements_taken",
    "reset",
]
