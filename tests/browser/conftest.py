"""A browser on the dashboards of a running stack."""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
READY = "body[data-ready=true]"
READY_MILLISECONDS = 60_000
# Chromium writes a line of its own for each answer that is no success, and queries are refused with 400 and 404; likewise for what
# it drops when a network of this machine comes or goes.
REFUSED = re.compile(
    r"Failed to load resource: (the server responded with a status of 40[04]|net::ERR_NETWORK_CHANGED)"
)
WIDE, PHONE = {"width": 1500, "height": 1000}, {"width": 390, "height": 844}


class Tab:
    """A page of the browser, and what it complained about."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.faults: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not REFUSED.match(message.text):
            self.faults.append(f"{message.type}: {message.text}")

    def open(self, path: str, **parameters: str) -> None:
        """Go to a path and wait until all that is in sight is drawn."""
        self.page.goto(f"{self.address}{path}?{urlencode(parameters)}", wait_until="load")
        self.ready()

    def ready(self) -> None:
        """Wait until all that is in sight is drawn."""
        self.page.wait_for_selector(READY, state="attached", timeout=READY_MILLISECONDS)

    def until(self, expression: str, argument: Any = None, within: float = 30) -> None:
        """Wait until JavaScript gives true; the page's policy lets Playwright's own waiting evaluate nothing."""
        deadline = time.monotonic() + within
        while not self.page.evaluate(expression, argument):
            assert time.monotonic() < deadline, f"not within {within} s: {expression}"
            self.page.wait_for_timeout(50)

    def panel(self, title: str) -> Locator:
        """A panel by its title."""
        return self.page.locator(f'[data-panel-title="{title}"]')

    def panels(self) -> list[dict[str, str]]:
        """Key, title, type, state and text of each panel."""
        return self.page.evaluate(
            """[...document.querySelectorAll('[data-panel-key]')].map(({ dataset, innerText }) => ({
                key: dataset.panelKey, id: dataset.panelId, title: dataset.panelTitle, type: dataset.panelType,
                state: dataset.state, text: innerText,
            }))"""
        )

    def too_wide(self) -> int:
        """Pixels by which the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser of this machine. Of these tests alone: while it is open, nothing else may run an event loop."""
    program = next((path for name in NAMES if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"there is none of {', '.join(NAMES)} on PATH; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        # Chromium can't make its sandbox as root.
        browser = playwright.chromium.launch(
            executable_path=program, chromium_sandbox=os.geteuid() != 0, args=["--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lookout(stack: Any) -> Iterator[httpx.Client]:
    """Lookout's API, asked as its administrator."""
    password = stack.read_file("grafana", "/var/lib/grafana-admin/password").decode().strip()
    with httpx.Client(base_url=stack.url("grafana", 3000), auth=("admin", password), timeout=30) as client:
        health = client.get("/api/health").json()
        if not health["commit"].startswith("lookout"):
            pytest.skip(f"Grafana {health['version']} shows the dashboards here, and its page is its own")
        yield client


@pytest.fixture
def tab(chromium: Browser, lookout: httpx.Client) -> Iterator[Tab]:
    """A window as wide as a desk's, that knows nothing of those before it."""
    context = chromium.new_context(viewport=WIDE, timezone_id="UTC", locale="en-GB")
    yield Tab(context.new_page(), str(lookout.base_url).rstrip("/"))
    context.close()


@pytest.fixture
def put(lookout: httpx.Client) -> Iterator[Callable[..., str]]:
    """Saves a dashboard of the given panels (or members) for this test; returns its path."""
    uids: list[str] = []

    def save(*panels: dict[str, Any], **members: Any) -> str:
        uid = f"test-{uuid.uuid4().hex[:12]}"
        placed = [{"id": n + 1, "gridPos": {"x": 0, "y": 8 * n, "w": 12, "h": 8}, **p} for n, p in enumerate(panels)]
        dashboard = {"title": uid, "schemaVersion": 41, "time": {"from": "now-15m", "to": "now"}, "panels": placed}
        answer = lookout.post("/api/dashboards/db", json={"dashboard": {**dashboard, **members, "uid": uid}})
        assert answer.status_code == 200, answer.text
        uids.append(uid)
        return f"/d/{uid}"

    yield save
    for uid in uids:
        lookout.delete(f"/api/dashboards/uid/{uid}")
