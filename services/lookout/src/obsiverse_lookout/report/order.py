"""What is asked for, and what is told back, as JSON between `obsiverse report` and this program."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ReportError(Exception):
    """There can't be a report.

    Args:
        message: what failed and why.
        hint: the next step.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


class About(BaseModel):
    """The place that the dashboards look at.

    Attributes:
        emulated: it is an emulated AWS on this machine, and the report says so.
    """

    model_config = ConfigDict(extra="forbid")

    target: str
    account: str
    region: str
    emulated: bool


class Order(BaseModel):
    """What to draw.

    Attributes:
        url: of a Grafana or a Lookout that lets anyone look.
        out: folder of the files, which is made.
        dashboards: uids, uids without `obsiverse-`, or titles; all where none is named.
        start, end: the range as Grafana writes it; that of the first dashboard where None.
        width: of the window, in CSS pixels.
        scale: pixels of the picture for each of them.
        variables: values of the dashboards' variables.
        seconds: that one dashboard may take.
        about: None where it is not known what the dashboards look at.
    """

    model_config = ConfigDict(extra="forbid")

    url: str
    out: Path
    dashboards: list[str] = []
    start: str | None = None
    end: str | None = None
    theme: Literal["light", "dark"] = "light"
    width: int = Field(default=1400, ge=320, le=4000)
    scale: float = Field(default=2.0, ge=0.5, le=4)
    variables: dict[str, list[str]] = {}
    seconds: float = Field(default=60.0, gt=0)
    chromium: Path | None = None
    about: About | None = None
