"""The agent's memory, start times and idle CPU with many tasks running.

`python benchmarks/agent.py [--tasks N] [--samples N] [--idle-seconds S] [--json]`
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from obsiverse_client import AgentClient

from obsiverse.agent import launch

TASK = {
    "command": ["sleep", "86400"],
    "ports": [{"container": 8080, "env": "PORT"}],
    "restart": {"policy": "always"},
}


def measure(tasks: int, samples: int, idle_seconds: float) -> dict[str, float]:
    """Start an agent of its own, fill it, and measure.

    Returns:
        Milliseconds, MiB and percent of one core, by what they measure.
    """
    with tempfile.TemporaryDirectory(prefix="obsiverse-benchmark-") as folder:
        state = Path(folder)
        began = time.perf_counter()
        agent = launch.start(state)
        up = time.perf_counter() - began
        process = psutil.Process(agent.health()["pid"])
        try:
            empty = process.memory_info().rss
            for number in range(tasks):
                agent.put_task(f"task-{number}", TASK)
            starts = [_start_ms(agent, f"sample-{number}") for number in range(samples)]
            full = process.memory_info().rss
            before = process.cpu_times()
            time.sleep(idle_seconds)
            after = process.cpu_times()
            used = after.user + after.system - before.user - before.system
            began = time.perf_counter()
            agent.all_stats()
            stats = time.perf_counter() - began
        finally:
            began = time.perf_counter()
            agent.shutdown()
            down = time.perf_counter() - began
            process.wait(30)
    return {
        "agent up, ms": up * 1000,
        "memory without tasks, MiB": empty / 2**20,
        f"memory with {tasks + samples} tasks, MiB": full / 2**20,
        f"start of a task with {tasks} running, median ms": statistics.median(starts),
        f"start of a task with {tasks} running, slowest of {samples} ms": max(starts),
        "idle CPU, % of one core": 100 * used / idle_seconds,
        "stats of all tasks, ms": stats * 1000,
        "shutdown of all tasks, ms": down * 1000,
    }


def _start_ms(agent: AgentClient, task: str) -> float:
    began = time.perf_counter()
    agent.put_task(task, TASK)
    return (time.perf_counter() - began) * 1000


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--idle-seconds", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments.tasks, arguments.samples, arguments.idle_seconds)
    if arguments.json:
        print(json.dumps(found))
        return 0
    width = max(map(len, found))
    for name, value in found.items():
        print(f"{name:<{width}}  {value:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
