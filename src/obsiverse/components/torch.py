"""Which build of PyTorch a project gets: the CPU's, a tenth of the size, where there is no NVIDIA driver."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from obsiverse.components.errors import Unreachable
from obsiverse.components.settings import ComponentSettings

LOCK = "requirements.lock"
CPU_LOCK = "requirements.cpu.lock"


@dataclass(frozen=True)
class Requirements:
    """The lock file to install from.

    Attributes:
        index: one more package index to look in, or empty.
        why: in words.
    """

    file: Path
    index: str
    why: str


def has_nvidia_driver() -> bool:
    """Whether a driver is loaded or installed."""
    return Path("/dev/nvidiactl").exists() or shutil.which("nvidia-smi") is not None


def choose(project: Path, settings: ComponentSettings) -> Requirements:
    """The requirements of a project that uses torch. Asks the CPU builds' index whether it answers."""
    usual = project / LOCK
    if has_nvidia_driver():
        return Requirements(usual, "", "there is an NVIDIA driver")
    if not (project / CPU_LOCK).is_file():
        return Requirements(usual, "", f"there is no {CPU_LOCK}")
    if not settings.torch_cpu_index:
        return Requirements(usual, "", "no index of CPU builds is named")
    # Here, because an HTTP client takes longer to load than all that is done where nothing is missing.
    from obsiverse.components.network import require_reachable

    try:
        require_reachable(settings.torch_cpu_index, settings)
    except Unreachable as error:
        return Requirements(usual, "", error.message)
    return Requirements(project / CPU_LOCK, settings.torch_cpu_index, "there is no NVIDIA driver")
