"""The Chromium that draws pictures: where it is, how it starts, and when a page is done.

Playwright is not loaded before the first picture is asked for: it takes more memory than all the rest.
"""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
MISSING = "install Chromium (for example apt-get install chromium) or name one in LOOKOUT_CHROMIUM, and the Python package playwright"
# The page says so itself, once no panel is waiting for data. A selector, since the page lets no text become code.
DRAWN = "body[data-ready='true']"


def find(named: Path | None) -> Path | None:
    """The browser to use: the one that was named, else the first on PATH; None where there is none or nothing to drive it."""
    if importlib.util.find_spec("playwright") is None:
        return None
    if named is not None:
        return named if named.is_file() else None
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return Path(found) if found else None


@asynccontextmanager
async def browser(program: Path) -> AsyncGenerator[Browser]:
    """A browser for one piece of work."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        # Chromium can't make its sandbox as root, nor in most containers.
        started = await playwright.chromium.launch(
            executable_path=program, chromium_sandbox=os.geteuid() != 0, args=["--disable-dev-shm-usage"]
        )
        try:
            yield started
        finally:
            await started.close()


async def drawn(page: Page, seconds: float) -> None:
    """Wait until Lookout's page shows all that it will show.

    Raises:
        playwright.async_api.TimeoutError: it does not within that time.
    """
    await page.wait_for_selector(DRAWN, state="attached", timeout=seconds * 1000)


async def unfold(page: Page, most: int) -> int:
    """Make the window as high as its page, since what is out of sight may not be drawn.

    Args:
        most: pixels that it may get.

    Returns:
        The height in pixels.
    """
    size = page.viewport_size or {"width": 0, "height": 0}
    whole: float = await page.evaluate("Math.max(document.body.scrollHeight, document.documentElement.scrollHeight)")
    height = min(most, math.ceil(whole))
    if height > size["height"]:
        await page.set_viewport_size({"width": size["width"], "height": height})
    return height
