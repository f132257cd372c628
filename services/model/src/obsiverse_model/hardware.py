"""What a container can compute with, found without importing torch."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pynvml


@dataclass(frozen=True)
class Gpu:
    """One GPU's load.

    Attributes:
        index: its place in the driver's list.
        name: as the driver names it.
        utilization: 0 to 1, over the driver's last sample period.
        memory_used: bytes.
        memory_total: bytes.
    """

    index: int
    name: str
    utilization: float
    memory_used: int
    memory_total: int


def num_cpus() -> int:
    """CPUs that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def num_gpus() -> int:
    """NVIDIA GPUs with a working driver; 0 where there is none. A task that is given none hides them from CUDA."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "-") in ("", "-1", "none"):
        return 0
    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError:
        return 0


def gpus() -> list[Gpu]:
    """The load of each GPU; empty where there is none."""
    return [_read(index) for index in range(num_gpus())]


def _read(index: int) -> Gpu:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    try:
        utilization = int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu) / 100
    except pynvml.NVMLError_NotSupported:  # pyright: ignore[reportAttributeAccessIssue] - made at run time
        # A MIG slice has no utilization of its own.
        utilization = 0.0
    return Gpu(index, pynvml.nvmlDeviceGetName(handle), utilization, int(memory.used), int(memory.total))
