"""CPU and memory of tasks."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

import psutil

from obsiverse.agent.runtime import Usage


class Meter:
    """Measures sessions of processes; CPU is what was used since the measurement before."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[float, dict[int, float]]] = {}

    def measure(self, sessions: Mapping[str, int]) -> dict[str, Usage]:
        """What each task takes.

        Args:
            sessions: by task, the session (its leader's pid) that its processes are in.

        Returns:
            By task. The first measurement of a task covers its processes' whole life. Memory that processes share is
            counted in each of them.
        """
        task_of = {session: task for task, session in sessions.items()}
        cpu: dict[str, dict[int, float]] = {task: {} for task in sessions}
        rss = dict.fromkeys(sessions, 0)
        oldest = dict.fromkeys(sessions, time.time())
        for pid in psutil.pids():
            try:
                task = task_of.get(os.getsid(pid))
                if task is None:
                    continue
                process = psutil.Process(pid)
                with process.oneshot():
                    times = process.cpu_times()
                    cpu[task][pid] = times.user + times.system
                    rss[task] += process.memory_info().rss
                    oldest[task] = min(oldest[task], process.create_time())
            except (OSError, psutil.Error):
                continue
        now = time.time()
        usage: dict[str, Usage] = {}
        for task in sessions:
            since, before = self._before.get(task, (oldest[task], {}))
            used = sum(max(0.0, seconds - before.get(pid, 0.0)) for pid, seconds in cpu[task].items())
            usage[task] = Usage(round(100 * used / max(now - since, 0.01), 2), rss[task], len(cpu[task]))
            self._before[task] = (now, cpu[task])
        for task in self._before.keys() - sessions.keys():
            del self._before[task]
        return usage
