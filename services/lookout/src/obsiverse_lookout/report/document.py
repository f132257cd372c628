"""The report as one page of HTML, which the browser prints as a PDF."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from obsiverse_lookout.report.draw import Drawing, Panel
from obsiverse_lookout.report.order import About
from obsiverse_lookout.report.pages import cuts

# A4 upright, in millimetres.
PAGE_WIDTH, PAGE_HEIGHT, MARGIN = 210.0, 297.0, 14.0
INNER = PAGE_WIDTH - 2 * MARGIN
# What is left under a dashboard's heading and over its notes.
PICTURE = 212.0
# What a note lists before it says how many more there are.
LISTED = 8


@dataclass(frozen=True)
class Front:
    """What the first page says.

    Attributes:
        made: when, in words.
        range: which time, in words.
        drawn_by: the program and its address.
    """

    made: str
    range: str
    drawn_by: str
    about: About | None
    variables: dict[str, list[str]]


def document(front: Front, drawings: Sequence[Drawing]) -> str:
    """The whole report. Pictures are named by their files, relative to the document."""
    parts = [(drawing, _parts(drawing)) for drawing in drawings]
    numbers: list[int] = []
    page = 2
    for _, slices in parts:
        numbers.append(page)
        page += len(slices)
    pages = [_front(front, drawings, numbers)]
    for drawing, slices in parts:
        pages += [_page(drawing, part, place, len(slices)) for place, part in enumerate(slices)]
    style = resources.files("obsiverse_lookout.report").joinpath("report.css").read_text()
    body = "\n".join(pages)
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>obsiverse report</title><style>{style}</style>{body}</html>'


def footer(front: Front) -> str:
    """What the browser prints at the foot of each page."""
    style = (
        "font: 7.5pt Inter, Helvetica, Arial, 'DejaVu Sans', sans-serif; color: #6b7280; width: 100%; display: flex;"
    )
    where = f" · {html.escape(front.about.target)}" if front.about else ""
    return (
        f'<div style="{style} justify-content: space-between; margin: 0 {MARGIN}mm">'
        f"<span>obsiverse report{where} · {html.escape(front.made)}</span>"
        '<span><span class="pageNumber"></span> of <span class="totalPages"></span></span></div>'
    )


def _parts(drawing: Drawing) -> list[tuple[float, float]]:
    return cuts(drawing.height, PICTURE * drawing.width / INNER, drawing.panels, drawing.rows)


def _front(front: Front, drawings: Sequence[Drawing], numbers: Sequence[int]) -> str:
    facts = [("Time", front.range)]
    if front.about:
        facts.append(("Where", _where(front.about)))
    if front.variables:
        chosen = "; ".join(f"{name}: {', '.join(values)}" for name, values in front.variables.items())
        facts.append(("Only", chosen))
    facts.append(("Made", front.made))
    rows = "".join(f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in facts)
    contents = "".join(
        f'<li><a href="#{html.escape(each.dashboard.uid)}"><b>{html.escape(each.dashboard.title)}</b>'
        f"<span>{number}</span></a><p>{html.escape(each.dashboard.description)}</p></li>"
        for each, number in zip(drawings, numbers, strict=True)
    )
    return (
        f'<section class="page front"><p class="brand">obsiverse</p><h1>How the models are doing</h1><table>{rows}</table>'
        f"<h2>In this report</h2><ol>{contents}</ol><h2>Sources</h2><p>{html.escape(_sources(front, drawings))}</p></section>"
    )


def _where(about: About) -> str:
    place = f"AWS account {about.account}, region {about.region}"
    return f"{about.target}: {place}{', emulated on this machine' if about.emulated else ''}"


def _sources(front: Front, drawings: Sequence[Drawing]) -> str:
    names = sorted({name for each in drawings for name in each.dashboard.sources})
    real = (
        " as obsiverse emulates them: costs are list prices, not a bill" if front.about and front.about.emulated else ""
    )
    numbers = f"The numbers come from {_listed(names)}{real}. " if names else ""
    return f"{numbers}The pictures show dashboards of {front.drawn_by} as they were when this was made; each page links to the live one."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _page(drawing: Drawing, part: tuple[float, float], place: int, count: int) -> str:
    top, bottom = part
    # Millimetres per CSS pixel: as wide as the page, or less where the part would be too high.
    scale = min(INNER / drawing.width, PICTURE / (bottom - top))
    width, height = drawing.width * scale, (bottom - top) * scale
    of = f" <small>{place + 1} of {count}</small>" if count > 1 else ""
    anchor = f' id="{html.escape(drawing.dashboard.uid)}"' if place == 0 else ""
    about = f"<p>{html.escape(drawing.dashboard.description)}</p>" if place == 0 else ""
    shown = [panel for panel in drawing.panels if top <= panel.top < bottom]
    return (
        f'<section class="page"{anchor}><h2>{html.escape(drawing.dashboard.title)}{of}</h2>{about}'
        f'<div class="picture" style="width: {width:.2f}mm; height: {height:.2f}mm">'
        f'<img src="{html.escape(drawing.file.name)}" alt="" style="width: {width:.2f}mm; top: {-top * scale:.2f}mm"></div>'
        f'{_notes(shown)}<p class="source">Live: <a href="{html.escape(drawing.url)}">{html.escape(drawing.url)}</a></p></section>'
    )


def _notes(panels: Sequence[Panel]) -> str:
    failed = [panel for panel in panels if panel.state == "error"]
    empty = [panel for panel in panels if panel.state == "empty"]
    notes = [("Not drawn, because of an error", failed), ("Without data in this time", empty)]
    return "".join(f'<p class="note"><b>{what}:</b> {_names(some)}.</p>' for what, some in notes if some)


def _names(panels: Sequence[Panel]) -> str:
    names = list(dict.fromkeys(html.escape(panel.title or "a panel without a title") for panel in panels))
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
