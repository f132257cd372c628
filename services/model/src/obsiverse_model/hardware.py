"""What a container can compute with, found without importing torch."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import pynvml


@dataclass(frozen=True)
class Gpu:
    """One GPU's load.

    Attributes:
        index: its place in the driver's list.
        uuid: the driver's name for this very GPU.
        name: its model, as the driver names it.
        utilization: percent of the driver's last sample period; None where it has none (a MIG slice).
        memory_used: bytes.
        memory_total: bytes.
        power: watts; None where it is not measured.
        temperature: degrees Celsius; None where it is not measured.
    """

    index: int
    uuid: str
    name: str
    utilization: float | None
    memory_used: int
    memory_total: int
    power: float | None
    temperature: float | None


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
    return Gpu(
        index,
        str(pynvml.nvmlDeviceGetUUID(handle)),
        str(pynvml.nvmlDeviceGetName(handle)),
        _measured(lambda: float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)),
        int(memory.used),
        int(memory.total),
        _measured(lambda: pynvml.nvmlDeviceGetPowerUsage(handle) / 1000),
        _measured(lambda: float(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))),
    )


def _measured(read: Callable[[], float]) -> float | None:
    try:
        return read()
    except pynvml.NVMLError:
        return None
