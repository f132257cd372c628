"""`obsiverse report` on the running stack."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.timeout(300)


def pages(pdf: bytes) -> int:
    """Pages of a PDF as Chromium writes it: with its objects in plain sight."""
    return len(re.findall(rb"/Type /Page\b", pdf))


def size(png: Path) -> tuple[int, int]:
    """Width and height of a picture."""
    content = png.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def test_a_report_has_a_picture_of_each_dashboard_and_a_page_for_it(
    chromium: Any, stack: Any, lookout: httpx.Client, tmp_path: Path
):
    url = str(lookout.base_url)
    options = ["--from", "now-15m", "--var", "endpoint=clinical", "--width", "1500", "--scale", "1", "--theme", "dark"]
    done = stack.run("report", "executive", "Traces", *options, "--url", url, "--out", str(tmp_path / "made"))
    files = [Path(line) for line in done.stdout.split()]
    assert [file.name for file in files] == ["obsiverse-executive.png", "obsiverse-traces.png", "report.pdf"]
    assert {file.name for file in files} == {file.name for file in (tmp_path / "made").iterdir()}
    for picture in files[:-1]:
        width, height = size(picture)
        assert width == 1500
        assert height > 800
    pdf = files[-1].read_bytes()
    assert pdf.startswith(b"%PDF-")
    # The title page, and one or two for each dashboard.
    assert 3 <= pages(pdf) <= 5


def test_a_dashboard_that_there_is_not_is_said_with_those_that_there_are(
    chromium: Any, stack: Any, lookout: httpx.Client, tmp_path: Path
):
    done = stack.run("report", "sales", "--url", str(lookout.base_url), "--out", str(tmp_path / "made"), check=False)
    assert done.returncode == 1
    assert "there is no dashboard sales" in done.stderr
    assert "executive" in done.stderr
    assert not (tmp_path / "made").exists()
