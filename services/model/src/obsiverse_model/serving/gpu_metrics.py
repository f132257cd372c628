"""The GPUs' load, under the names and in the units of NVIDIA's DCGM exporter, so that dashboards written for that work here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from obsiverse_model import hardware
from obsiverse_model.hardware import Gpu

MIB = 1 << 20
_MEASURED: tuple[tuple[str, str, Callable[[Gpu], float | None]], ...] = (
    ("DCGM_FI_DEV_GPU_UTIL", "GPU utilization (in %).", lambda gpu: gpu.utilization),
    ("DCGM_FI_DEV_FB_USED", "Frame buffer memory in use (in MiB).", lambda gpu: gpu.memory_used / MIB),
    (
        "DCGM_FI_DEV_FB_FREE",
        "Frame buffer memory free (in MiB).",
        lambda gpu: (gpu.memory_total - gpu.memory_used) / MIB,
    ),
    ("DCGM_FI_DEV_POWER_USAGE", "Power draw (in W).", lambda gpu: gpu.power),
    ("DCGM_FI_DEV_GPU_TEMP", "GPU temperature (in C).", lambda gpu: gpu.temperature),
)


def observe(meter: Meter, labels: Mapping[str, str]) -> None:
    """Have the GPUs read whenever the meter is; nothing where there is none.

    Args:
        labels: put on every series beside the GPU's own (`gpu`, `UUID`, `modelName`).
    """
    if not hardware.num_gpus():
        return
    for name, description, value in _MEASURED:
        # Without a unit the name reaches Prometheus as it is.
        meter.create_observable_gauge(name, [_reader(value, labels)], "", description)


def _reader(
    value: Callable[[Gpu], float | None], labels: Mapping[str, str]
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def read(_options: CallbackOptions) -> Iterable[Observation]:
        for gpu in hardware.gpus():
            measured = value(gpu)
            if measured is not None:
                yield Observation(measured, {**labels, "gpu": str(gpu.index), "UUID": gpu.uuid, "modelName": gpu.name})

    return read
