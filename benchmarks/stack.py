"""How fast the stack starts and stops, what it takes when idle, and what InvokeEndpoint costs on its clinical model.

Runs on a stack that is down; leaves it down. Prints one table; figures are of this machine and this run.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
OBSIVERSE = ROOT / ".venv" / "bin" / "obsiverse"
DATA_PLANE = Path(__file__).with_name("data_plane.py")
os.environ["OBSIVERSE_ENGINE"] = "native"
IDLE_SECONDS = 30
ROUNDS = 3


def run(*arguments: str) -> float:
    """Run the CLI; seconds it took."""
    began = time.monotonic()
    subprocess.run([OBSIVERSE, *arguments], check=True, capture_output=True)
    return time.monotonic() - began


def rows() -> list[dict[str, Any]]:
    """`ps --json`."""
    return json.loads(subprocess.run([OBSIVERSE, "ps", "--json"], check=True, capture_output=True).stdout)


def slowest_service_alone() -> tuple[str, float]:
    """Name and seconds of the slower of the two services that take longest, started with nothing but what it needs."""
    seconds: dict[str, float] = {}
    for name in ("aws", "mlflow"):
        rounds: list[float] = []
        for _ in range(ROUNDS):
            rounds.append(run("up", name, "--no-scenario"))
            run("down")
        seconds[name] = statistics.median(rounds)
    slowest = max(seconds, key=lambda name: seconds[name])
    return slowest, seconds[slowest]


def processes() -> list[psutil.Process]:
    """Every process of the stack: the agent, its keeper and all that the agent started."""
    state = str(ROOT / ".obsiverse")
    agents = [p for p in psutil.process_iter(["cmdline"]) if {"obsiverse.agent", state} <= set(p.info["cmdline"] or [])]
    found = {p.pid: p for p in agents}
    for row in rows():
        if row["pid"] is None:
            continue
        process = psutil.Process(int(str(row["pid"])))
        found |= {p.pid: p for p in (process, *process.children(recursive=True))}
    return list(found.values())


def idle() -> dict[str, float]:
    """Resident and proportional bytes and CPU of the whole stack over IDLE_SECONDS, with one endpoint and no traffic."""
    import httpx

    httpx.put("http://127.0.0.1:8089/traffic", json={"running": False}).raise_for_status()
    time.sleep(5)
    found = processes()
    before = sum(sum(p.cpu_times()[:2]) for p in found)
    time.sleep(IDLE_SECONDS)
    used = sum(sum(p.cpu_times()[:2]) for p in found) - before
    return {
        "rss_gb": sum(p.memory_info().rss for p in found) / 1e9,
        "pss_gb": sum(p.memory_full_info().pss for p in found) / 1e9,
        "cpu_percent": 100 * used / IDLE_SECONDS,
    }


def main() -> None:
    """Print the table."""
    run("up")
    run("down")
    slowest, alone = slowest_service_alone()
    ups: list[float] = []
    downs: list[float] = []
    for _ in range(ROUNDS):
        ups.append(run("up", "--no-scenario"))
        downs.append(run("down"))
    warm = statistics.median(ups)
    run("up", "--no-scenario")
    scenario = run("scenario", "run", "clinical")
    resources = idle()
    per_service = [(str(row["name"]), int(str(row["rss_bytes"])) / 1e6) for row in rows() if row["pid"]]
    model = next(row["ports"][0] for row in rows() if row["kind"] == "task")
    edge = next(row["ports"][0] for row in rows() if row["name"] == "aws")
    options = ["--url", f"http://127.0.0.1:{model}", "--edge", f"http://127.0.0.1:{edge}"]
    subprocess.run([sys.executable, DATA_PLANE, *options], check=True)
    container = next(row["pid"] for row in rows() if row["kind"] == "task")
    print("The container on one core, all else on the others:", flush=True)
    subprocess.run([sys.executable, DATA_PLANE, *options, "--apart", str(container)], check=True)
    downs.append(run("down"))
    ended = statistics.median(downs)
    print(f"warm up, all healthy          {warm:6.1f} s   goal 12 s")
    print(f"slowest service alone         {alone:6.1f} s   {slowest}")
    print(f"ratio                         {warm / alone:6.2f}     goal 1.3")
    print(f"scenario                      {scenario:6.1f} s")
    print(
        f"idle, resident                {resources['rss_gb']:6.2f} GB  goal 1.6 GB (proportional: {resources['pss_gb']:.2f} GB)"
    )
    print(f"idle, CPU                     {resources['cpu_percent']:6.1f} %   of one core, goal 8 %")
    for name, megabytes in sorted(per_service, key=lambda one: -one[1]):
        print(f"  {name:<44}{megabytes:4.0f} MB")
    print(f"down                          {ended:6.1f} s   goal 5 s")


if __name__ == "__main__":
    main()
