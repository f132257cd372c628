"""Programs and Python environments: where each comes from, and getting it.

`get("prometheus").path` is the path of a program; `explain` says where it comes from. `python_environment` makes a
service's environment, `web_page` builds its page. `interrupt()` makes all of them stop soon, in every thread.
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
from obsiverse.components.page import page_name, web_page
from obsiverse.components.process import interrupt, reset
from obsiverse.components.progress import Progress, Report
from obsiverse.components.python_environment import python_environment, requirements_taken
from obsiverse.components.resolve import REMEMBERED, Explanation, Resolved, explain, get
from obsiverse.components.settings import ComponentSettings

__all__ = [
    "CATALOG",
    "PROGRAMS",
    "REMEMBERED",
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
    "page_name",
    "python_environment",
    "requirements_taken",
    "reset",
    "web_page",
]
