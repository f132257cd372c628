"""Whether Lookout's image stands in for Grafana's, which lately could not be had."""

from __future__ import annotations

import contextlib
import time

from obsiverse import components
from obsiverse.engine.base import DASHBOARDS_SERVICE
from obsiverse.engine.workspace import Workspace


def is_wanted(workspace: Workspace) -> bool:
    """Whether Grafana is left out, or its image could not be had, so lately that trying again is not worth the wait."""
    if components.ComponentSettings().leaves_out(DASHBOARDS_SERVICE):
        return True
    try:
        age = time.time() - workspace.lookout_mark.stat().st_mtime
    except OSError:
        return False
    return 0 <= age <= components.REMEMBERED


def note(workspace: Workspace) -> None:
    """Keep that it could not be had just now."""
    with contextlib.suppress(OSError):
        workspace.state.mkdir(parents=True, exist_ok=True)
        workspace.lookout_mark.touch()
