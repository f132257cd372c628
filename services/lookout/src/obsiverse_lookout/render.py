"""Panels and dashboards as PNGs, drawn by a Chromium that Playwright drives.

Neither is loaded before the first picture is asked for. A browser lives for one picture: it takes more memory than all the rest.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.settings import Settings

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
AT_ONCE = 2
MOST_PIXELS = 8000
DEFAULT_WIDTH, DEFAULT_HEIGHT = 1000, 500
SECONDS = 60.0
# The page says so itself, once no panel is waiting for data.
DRAWN = "body[data-ready=true]"


@dataclass(frozen=True)
class Picture:
    """What is to be drawn; a height of None is that of the whole page."""

    path: str
    width: int = DEFAULT_WIDTH
    height: int | None = DEFAULT_HEIGHT
    scale: float = 1.0
    timezone: str = ""
    seconds: float = SECONDS


class Renderer:
    """Draws pictures of this service's own page."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(AT_ONCE)

    @property
    def available(self) -> bool:
        """There is a browser and what drives it."""
        return self._program() is not None and importlib.util.find_spec("playwright") is not None

    def _program(self) -> Path | None:
        if self._settings.chromium is not None:
            return self._settings.chromium if self._settings.chromium.is_file() else None
        found = next((path for name in NAMES if (path := shutil.which(name))), None)
        return Path(found) if found else None

    async def draw(self, picture: Picture, authorization: str | None, org_id: int) -> bytes:
        """A PNG.

        Args:
            authorization: the caller's header: the picture shows what the caller may see.

        Raises:
            ApiError: 500 nothing here can draw, or drawing failed; 504 the page was not done in time.
        """
        program = self._program()
        if program is None or importlib.util.find_spec("playwright") is None:
            raise ApiError(
                500,
                "No image renderer: install Chromium (for example apt-get install chromium) or name one in LOOKOUT_CHROMIUM, "
                "and the Python package playwright",
            )
        async with self._turns:
            try:
                async with asyncio.timeout(picture.seconds):
                    return await self._drawn(program, picture, authorization, org_id)
            except TimeoutError:
                raise ApiError(
                    504, f"the page was not drawn within {picture.seconds:g} s; set a longer timeout"
                ) from None

    async def _drawn(self, program: Path, picture: Picture, authorization: str | None, org_id: int) -> bytes:
        from playwright.async_api import Error, async_playwright

        headers = {"X-Grafana-Org-Id": str(org_id)} | ({"Authorization": authorization} if authorization else {})
        listen = self._settings.listen
        # All addresses are listened on: loopback is one of them.
        address = listen._replace(host="127.0.0.1") if ip_address(listen.host).is_unspecified else listen
        options: dict[str, Any] = {"timezone_id": picture.timezone} if picture.timezone else {}
        try:
            async with async_playwright() as playwright:
                # Chromium can't make its sandbox as root, nor in most containers.
                browser = await playwright.chromium.launch(
                    executable_path=program, chromium_sandbox=os.geteuid() != 0, args=["--disable-dev-shm-usage"]
                )
                try:
                    page = await browser.new_page(
                        viewport={"width": picture.width, "height": picture.height or DEFAULT_HEIGHT},
                        device_scale_factor=picture.scale,
                        extra_http_headers=headers,
                        **options,
                    )
                    # Told so, the page draws what is below its window too.
                    whole = f"{'&' if '?' in picture.path else '?'}render=1" if picture.height is None else ""
                    await page.goto(f"http://{address}{picture.path}{whole}", wait_until="load")
                    await page.wait_for_selector(DRAWN, timeout=picture.seconds * 1000)
                    return await page.screenshot(full_page=picture.height is None, animations="disabled")
                finally:
                    await browser.close()
        except Error as error:
            raise ApiError(500, f"Rendering failed: {error.message.splitlines()[0]}") from None
