"""Run every benchmark on this machine, on a stack that is down, and print their tables."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import psutil

HERE = Path(__file__).parent
BENCHMARKS = (
    "agent.py",
    "state.py",
    "cloudwatch.py",
    "many_endpoints.py",
    "batching.py",
    "data_plane.py --compute-ms 10",
    "instrumentation.py",
    "functions.py",
    "remote_write.py",
    "traces.py",
    "stack.py",
    "docker_stack.py",
)


def main() -> None:
    """Exit with 1 when one fails."""
    memory = psutil.virtual_memory().total / 2**30
    print(
        f"{platform.system()} {platform.release()}, {platform.machine()}, {psutil.cpu_count()} cores, {memory:.0f} GiB\n",
        flush=True,
    )
    failed: list[str] = []
    for name in BENCHMARKS:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, HERE / name.split()[0], *name.split()[1:]], check=False).returncode:
            failed.append(name)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
