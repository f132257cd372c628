"""Dashboards as pictures, and what is known of the panels on them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode

from obsiverse_lookout import chromium
from obsiverse_lookout.report.grafana import Dashboard
from obsiverse_lookout.report.order import Order, ReportError

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

FIRST_HEIGHT, HIGHEST = 1000, 20_000
# Grafana's page does not say when it is done: no panel of it shows a loading bar for this long, in seconds.
QUIET, EVERY = 1.5, 0.25
BUSY = """
document.querySelectorAll('[aria-label="Panel loading bar"]').length > 0
    || document.querySelectorAll('[data-testid^="data-testid Panel header"]').length === 0
"""
# Lookout's panels tell their state; of Grafana's only the place is known.
PANELS = """
[...document.querySelectorAll('[data-panel-key], [data-griditem-key], .react-grid-item')].map((panel) => {
    const { top, bottom } = panel.getBoundingClientRect();
    const { panelTitle = '', state = '' } = panel.dataset;
    const text = panel.innerText.replace(panelTitle, '').trim();
    return { top: top + scrollY, bottom: bottom + scrollY, title: panelTitle, state, text };
})
"""
ROWS = "[...document.querySelectorAll('[data-row-title]')].map((row) => row.getBoundingClientRect().top + scrollY)"


@dataclass(frozen=True)
class Panel:
    """Where a panel is on a picture, in CSS pixels, and how it is: `done`, `empty`, `error`, or nothing where that is not known."""

    top: float
    bottom: float
    title: str
    state: str
    text: str

    @classmethod
    def read(cls, given: dict[str, Any]) -> Self:
        """From what the page told."""
        return cls(given["top"], given["bottom"], given["title"], given["state"], " ".join(given["text"].split()))


@dataclass(frozen=True)
class Drawing:
    """A dashboard's picture.

    Attributes:
        rows: where the dashboard's headings are, in CSS pixels from the top.
    """

    dashboard: Dashboard
    file: Path
    url: str
    width: int
    height: int
    panels: tuple[Panel, ...]
    rows: tuple[float, ...]


def address(order: Order, dashboard: Dashboard, start: str, end: str, *, alone: bool = True) -> str:
    """A dashboard's URL.

    Args:
        alone: without what is around the panels, and drawn at once.
    """
    parameters = [("from", start), ("to", end)]
    parameters += [(f"var-{name}", value) for name, values in order.variables.items() for value in values]
    if alone:
        parameters += [("theme", order.theme), ("kiosk", "1"), ("render", "1"), ("refresh", "")]
    return f"{order.url.rstrip('/')}/d/{quote(dashboard.uid)}?{urlencode(parameters)}"


async def draw(
    browser: Browser, order: Order, dashboard: Dashboard, start: str, end: str, *, is_lookout: bool
) -> Drawing:
    """Draw one dashboard to a file of the order's folder.

    Raises:
        ReportError: it was not drawn in time, or the browser failed.
    """
    from playwright.async_api import Error

    page = await browser.new_page(
        viewport={"width": order.width, "height": FIRST_HEIGHT}, device_scale_factor=order.scale
    )
    try:
        async with asyncio.timeout(order.seconds):
            await page.goto(address(order, dashboard, start, end), wait_until="load")
            await _settled(page, order.seconds, is_lookout)
            height = await chromium.unfold(page, HIGHEST)
            await _settled(page, order.seconds, is_lookout)
            panels = [Panel.read(each) for each in await page.evaluate(PANELS)]
            rows: list[float] = await page.evaluate(ROWS)
            file = order.out / f"{dashboard.uid}.png"
            await page.screenshot(path=file, animations="disabled")
    except TimeoutError:
        raise ReportError(
            f"{dashboard.title} was not drawn within {order.seconds:g} s", "Set a longer --timeout, or a shorter range."
        ) from None
    except Error as error:
        raise ReportError(
            f"{dashboard.title} can't be drawn: {error.message.splitlines()[0]}", "Open it in a browser to see why."
        ) from None
    finally:
        await page.close()
    link = address(order, dashboard, start, end, alone=False)
    return Drawing(dashboard, file, link, order.width, height, tuple(panels), tuple(rows))


async def _settled(page: Page, seconds: float, is_lookout: bool) -> None:
    if is_lookout:
        await chromium.drawn(page, seconds)
        return
    quiet = 0.0
    while quiet < QUIET:
        await asyncio.sleep(EVERY)
        quiet = 0.0 if await page.evaluate(BUSY) else quiet + EVERY
