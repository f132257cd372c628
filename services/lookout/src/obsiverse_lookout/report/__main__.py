"""Make a report: `python -m obsiverse_lookout.report < order.json`, a JSON line out for each thing done, exit code 1 with `error`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from obsiverse_lookout import chromium
from obsiverse_lookout.report.document import Front, document, footer
from obsiverse_lookout.report.draw import Drawing, draw
from obsiverse_lookout.report.grafana import Grafana
from obsiverse_lookout.report.order import Order, ReportError
from obsiverse_lookout.report.words import moment, spoken_range

NAME = "report.pdf"


def tell(**what: Any) -> None:
    """One line for whoever ordered it."""
    print(json.dumps(what), flush=True)


async def make(order: Order) -> Path:
    """Draw what was ordered, and print it.

    Returns:
        The PDF.

    Raises:
        ReportError: it can't be done.
        OSError: the folder can't be written.
    """
    program = chromium.find(order.chromium)
    if program is None:
        raise ReportError("there is no browser to draw with", f"{chromium.MISSING[0].upper()}{chromium.MISSING[1:]}.")
    grafana = Grafana(order.url)
    dashboards = grafana.find(order.dashboards)
    start, end = order.start or dashboards[0].start, order.end or dashboards[0].end
    now = time.time()
    spoken = spoken_range(start, end, now)
    order.out.mkdir(parents=True, exist_ok=True)
    drawings: list[Drawing] = []
    async with chromium.browser(program) as browser:
        for dashboard in dashboards:
            tell(doing=dashboard.title)
            drawing = await draw(browser, order, dashboard, start, end, is_lookout=grafana.is_lookout)
            drawings.append(drawing)
            failed = [{"title": panel.title, "error": panel.text} for panel in drawing.panels if panel.state == "error"]
            tell(dashboard=dashboard.title, file=str(drawing.file), failed=failed)
        at = datetime.fromtimestamp(now).astimezone()
        front = Front(
            f"{moment(at)} {at.tzname()}", spoken, f"{grafana.name} at {grafana.url}", order.about, order.variables
        )
        page = await browser.new_page()
        # Beside the pictures, since a page that came from nowhere may load no files.
        source = order.out / f".{NAME}.html"
        try:
            source.write_text(document(front, drawings))
            await page.goto(source.resolve().as_uri(), wait_until="load")
            pdf = order.out / NAME
            await page.pdf(
                path=pdf,
                prefer_css_page_size=True,
                print_background=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=footer(front),
                outline=True,
                tagged=True,
            )
        finally:
            source.unlink(missing_ok=True)
    return pdf


def main() -> int:
    """Do what the order on stdin says; 1 where that can't be done."""
    try:
        order = Order.model_validate_json(sys.stdin.read())
        tell(pdf=str(asyncio.run(make(order))))
    except ReportError as error:
        tell(error=error.message, hint=error.hint)
        return 1
    except ValidationError as error:
        problem = error.errors()[0]
        tell(error=f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}", hint="See `obsiverse report --help`.")
        return 1
    except OSError as error:
        tell(error=f"{error.filename}: {error.strerror}", hint="Name another folder with --out.")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
