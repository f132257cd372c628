"""Panels and dashboards as PNGs, drawn by a Chromium that Playwright drives.

A browser lives for one picture: it takes more memory than all the rest.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from obsiverse_lookout import chromium
from obsiverse_lookout.errors import ApiError
from obsiverse_lookout.settings import Settings

AT_ONCE = 2
MOST_PIXELS = 8000
DEFAULT_WIDTH, DEFAULT_HEIGHT = 1000, 500
SECONDS = 60.0
# A dashboard of a thousand panels is no picture.
HIGHEST = 20_000


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
        return chromium.find(self._settings.chromium) is not None

    async def draw(self, picture: Picture, authorization: str | None, org_id: int) -> bytes:
        """A PNG.

        Args:
            authorization: the caller's header: the picture shows what the caller may see.

        Raises:
            ApiError: 500 nothing here can draw, or drawing failed; 504 the page was not done in time.
        """
        program = chromium.find(self._settings.chromium)
        if program is None:
            raise ApiError(500, f"No image renderer: {chromium.MISSING}")
        async with self._turns:
            try:
                async with asyncio.timeout(picture.seconds):
                    return await self._drawn(program, picture, authorization, org_id)
            except TimeoutError:
                raise ApiError(
                    504, f"the page was not drawn within {picture.seconds:g} s; set a longer timeout"
                ) from None

    async def _drawn(self, program: Path, picture: Picture, authorization: str | None, org_id: int) -> bytes:
        from playwright.async_api import Error

        headers = {"X-Grafana-Org-Id": str(org_id)} | ({"Authorization": authorization} if authorization else {})
        listen = self._settings.listen
        # All addresses are listened on: loopback is one of them.
        address = listen._replace(host="127.0.0.1") if ip_address(listen.host).is_unspecified else listen
        options: dict[str, Any] = {"timezone_id": picture.timezone} if picture.timezone else {}
        try:
            async with chromium.browser(program) as browser:
                page = await browser.new_page(
                    viewport={"width": picture.width, "height": picture.height or DEFAULT_HEIGHT},
                    device_scale_factor=picture.scale,
                    extra_http_headers=headers,
                    **options,
                )
                await page.goto(f"http://{address}{picture.path}", wait_until="load")
                await chromium.drawn(page, picture.seconds)
                if picture.height is None:
                    await chromium.unfold(page, HIGHEST)
                    await chromium.drawn(page, picture.seconds)
                return await page.screenshot(animations="disabled")
        except Error as error:
            raise ApiError(500, f"Rendering failed: {error.message.splitlines()[0]}") from None
