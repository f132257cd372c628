"""What is checked in is what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from obsiverse_dashboards import files
from obsiverse_dashboards.links import Uid


def test_nothing_checked_in_differs_from_what_the_code_writes():
    assert files.stale() == []


def test_all_dashboards_of_the_contract_are_there():
    assert {file.stem for file in (files.FOLDER / "dashboards").glob("*.json")} == set(Uid)


def test_writing_again_changes_nothing(tmp_path: Path):
    first = files.write(tmp_path)
    assert sorted(first) == sorted(files.files())
    assert files.write(tmp_path) == []


def test_a_changed_file_is_written_again_and_one_of_a_dashboard_that_is_gone_deleted(tmp_path: Path):
    files.write(tmp_path)
    changed = tmp_path / "dashboards" / f"{Uid.ENDPOINT}.json"
    changed.write_text(changed.read_text().replace("At a glance", "At first sight"))
    (tmp_path / "dashboards" / "old.json").write_text("{}")
    assert files.write(tmp_path) == [f"dashboards/{Uid.ENDPOINT}.json", "dashboards/old.json"]
    assert "At a glance" in changed.read_text()
    assert not (tmp_path / "dashboards" / "old.json").exists()


def test_check_names_what_differs_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from obsiverse_dashboards import __main__ as program

    monkeypatch.setattr(files.stale, "__defaults__", (tmp_path,))
    monkeypatch.setattr(sys, "argv", ["obsiverse_dashboards", "--check"])
    assert program.main() == 1
    assert f"differs grafana/dashboards/{Uid.COST}.json" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_check_succeeds_on_what_is_checked_in():
    subprocess.run([sys.executable, "-m", "obsiverse_dashboards", "--check"], check=True)
