"""What a dashboard costs: its first drawing, a refresh, what the first visit carries, and many viewers at once.

Asks the Grafana or Lookout of the running stack, by headless Chromium; in the environment of services/lookout.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
INSIDE = "OBSIVERSE_BENCHMARK_INSIDE"
UID, HOURS = "obsiverse-endpoint", 24
FIRST, REFRESHES = 5, 10
VIEWERS, EVERY, SECONDS = 50, 10.0, 40.0
GOAL_FIRST, GOAL_REFRESH, GOAL_BYTES, GOAL_RESIDENT, GOAL_CORES = 2.0, 500, 1_000_000, 120, 1.0
READY = "() => document.body.dataset.ready === 'true'"


def measure(url: str) -> None:
    """Measure, and print."""
    sys.path.append(os.environ[INSIDE])
    import psutil

    [pid] = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr.port == int(url.rpartition(":")[2])
    }
    server = psutil.Process(pid)
    bodies = browse(url)
    before = sum(server.cpu_times()[:2])
    answered = asyncio.run(view(url, bodies))
    cores = (sum(server.cpu_times()[:2]) - before) / SECONDS
    print(
        f"{VIEWERS} viewers, a refresh each {EVERY:.0f} s   {cores:6.2f} cores, {answered:.0f} queries/s   goal {GOAL_CORES}"
    )
    print(f"resident                        {server.memory_info().rss / 1e6:6.0f} MB   goal {GOAL_RESIDENT}")


def browse(url: str) -> list[dict[str, Any]]:
    """Open and refresh the dashboard; what its panels ask."""
    from playwright.sync_api import sync_playwright

    address = f"{url}/d/{UID}/endpoint?from=now-{HOURS}h&to=now&refresh="
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    asked: list[dict[str, Any]] = []
    first: list[float] = []
    busy: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        sizes: list[int] = []
        for number in range(FIRST):
            # A context has a cache of its own. Tall, so that all panels are in sight.
            page = browser.new_context(viewport={"width": 1500, "height": 4000}).new_page()
            # Seconds of processor, which say more than a clock where others work on the same cores.
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            if number == 0:
                page.on(
                    "request",
                    lambda request: asked.append(request.post_data_json) if "/ds/query" in request.url else None,
                )
                page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
            began = time.perf_counter()
            page.goto(address)
            page.wait_for_function(READY, timeout=60_000)
            first.append(time.perf_counter() - began)
            metrics = session.send("Performance.getMetrics")["metrics"]
            busy.append(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))
            if number == 0:
                panels = page.locator("[data-panel-id]").count()
                print(
                    f"first visit, {panels} panels          {sum(sizes) / 1e6:6.2f} MB packed   goal {GOAL_BYTES / 1e6:.0f}"
                )
        refreshes: list[float] = []
        for _ in range(REFRESHES):
            began = time.perf_counter()
            page.keyboard.press("d")
            page.keyboard.press("r")
            page.wait_for_function("() => document.body.dataset.ready === 'false'", timeout=5_000)
            page.wait_for_function(READY, timeout=60_000)
            refreshes.append(1000 * (time.perf_counter() - began))
        browser.close()
    print(f"drawn over {HOURS} h, cold cache      {statistics.median(first):6.2f} s    goal {GOAL_FIRST}")
    print(f"of it the page's main thread    {statistics.median(busy):6.2f} s of processor")
    print(f"refreshed                       {statistics.median(refreshes):6.0f} ms   goal {GOAL_REFRESH}")
    return asked


async def view(url: str, bodies: list[dict[str, Any]]) -> float:
    """Ask as many viewers do, each at its own time; queries a second."""
    import httpx

    count = 0
    ends = time.monotonic() + SECONDS

    async def one(client: httpx.AsyncClient, number: int) -> None:
        nonlocal count
        await asyncio.sleep(EVERY * number / VIEWERS)
        while (began := time.monotonic()) < ends:
            now = int(time.time() * 1000)
            moved = [{**body, "from": str(now - HOURS * 3_600_000), "to": str(now)} for body in bodies]
            answers = await asyncio.gather(*(client.post(f"{url}/api/ds/query", json=body) for body in moved))
            count += sum(answer.status_code == 200 for answer in answers)
            await asyncio.sleep(max(0.0, began + EVERY - time.monotonic()))

    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        await asyncio.gather(*(one(client, number) for number in range(VIEWERS)))
    return count / SECONDS


def main() -> None:
    """Go over to the environment of services/lookout, and measure there."""
    if INSIDE in os.environ:
        measure(sys.argv[1])
        return
    from obsiverse.components import python_environment

    printed = subprocess.run(
        [ROOT / ".venv/bin/obsiverse", "config", "--json"], check=True, capture_output=True, text=True
    ).stdout
    [port] = json.loads(printed)["services"]["grafana"]["ports"]
    python = python_environment(ROOT / "services/lookout", ROOT / ".obsiverse/venvs")
    environment = {**os.environ, INSIDE: sysconfig.get_path("purelib")}
    command = [python, __file__, f"http://127.0.0.1:{port['published']}"]
    raise SystemExit(subprocess.run(command, env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
