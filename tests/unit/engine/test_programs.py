"""What units need, and what they run where that can't be had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from obsiverse import components
from obsiverse.components import (
    ChecksumMismatch,
    ComponentError,
    NoSpace,
    Resolved,
    ToolMissing,
    process,
)
from obsiverse.engine.programs import prepare
from obsiverse.engine.report import Reporter
from obsiverse.engine.units import Unit
from obsiverse.engine.workspace import Workspace

type Get = Callable[..., Resolved]


class Listening(Reporter):
    """Keeps warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def stage(self, service: str, stage: str, detail: str = "") -> None:
        """Nothing."""

    def warn(self, message: str) -> None:
        """Kept."""
        self.warnings.append(message)


@pytest.fixture(autouse=True)
def _fresh():
    yield
    process.reset()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, (), tmp_path)


def stand_in(
    monkeypatch: pytest.MonkeyPatch, missing: dict[str, ComponentError] | None = None
) -> list[tuple[str, float]]:
    """Programs, environments and pages that are at once there, but for those that are `missing`; what was asked for."""
    asked: list[tuple[str, float]] = []

    def get(name: str, report: object, remembered: float) -> Resolved:
        asked.append((name, remembered))
        if missing and name in missing:
            raise missing[name]
        return Resolved(name, Path("/programs") / name, "built", "1", "")

    monkeypatch.setattr(components, "get", get)
    monkeypatch.setattr(components, "web_page", lambda folder, report: Path("/built") / folder.name)
    monkeypatch.setattr(
        components, "python_environment", lambda folder, venvs, report: venvs / folder.name / "bin" / "python"
    )
    return asked


def test_a_variable_gets_the_path_of_the_program_that_it_names(monkeypatch, workspace):
    stand_in(monkeypatch)
    spec = {"command": ["sh", "-c", "x"], "env": {"A": "b"}}
    units = [Unit("tool", spec, programs={"PROMTOOL": "promtool"}), Unit("none", spec)]
    ready = prepare(units, workspace, Listening())
    assert ready["tool"].spec["env"] == {"A": "b", "PROMTOOL": "/programs/promtool"}
    assert ready["tool"].spec["command"][0].endswith("/sh")
    assert ready["none"].spec["env"] == {"A": "b"}


def test_a_variable_gets_the_folder_of_the_built_page(monkeypatch, workspace):
    stand_in(monkeypatch)
    unit = Unit(
        "web", {"command": ["python", "-m", "x"], "env": {}}, project=Path("/p/web"), pages={"PAGE": Path("/p/web/ui")}
    )
    [ready] = prepare([unit], workspace, Listening()).values()
    assert ready.spec["env"] == {"PAGE": "/built/ui"}
    assert ready.spec["command"] == [str(workspace.venvs / "web/bin/python"), "-m", "x"]


BOARD = Unit(
    "board",
    {"command": ["sh", "start"], "env": {"A": "b"}},
    programs={"BOARD": "board"},
    otherwise=Unit(
        "board",
        {"command": ["python", "-m", "lookout"], "env": {"C": "d"}},
        project=Path("/p/lookout"),
        pages={"PAGE": Path("/p/page")},
    ),
)


def test_what_runs_otherwise_is_left_alone_where_the_program_is_there(monkeypatch, workspace):
    asked = stand_in(monkeypatch)
    report = Listening()
    ready = prepare([BOARD], workspace, report)["board"]
    assert ready.spec["env"] == {"A": "b", "BOARD": "/programs/board"}
    assert asked == [("board", components.REMEMBERED)]
    assert report.warnings == []


def test_the_other_runs_where_the_program_can_not_be_had_and_it_is_said_why(monkeypatch, workspace):
    stand_in(monkeypatch, {"board": ToolMissing("board 1 can't be had: no network", "Find one.")})
    report = Listening()
    other = Unit("other", {"command": ["prometheus"], "env": {}}, component="prometheus")
    ready = prepare([BOARD, other], workspace, report)
    assert ready["board"].spec["command"] == [str(workspace.venvs / "lookout/bin/python"), "-m", "lookout"]
    assert ready["board"].spec["env"] == {"C": "d", "PAGE": "/built/page"}
    assert ready["other"].spec["command"] == ["/programs/prometheus"]
    assert report.warnings == ["board: lookout runs instead, as board 1 can't be had: no network"]


@pytest.mark.parametrize("error", [ChecksumMismatch("f", "a", "b", "c"), NoSpace(Path("/x"), OSError(28, "full"))])
def test_what_someone_should_look_at_is_not_passed_over(monkeypatch, workspace, error):
    stand_in(monkeypatch, {"board": error})
    with pytest.raises(type(error)):
        prepare([BOARD], workspace, Listening())


def test_a_program_that_another_unit_can_not_do_without_is_not_passed_over(monkeypatch, workspace):
    asked = stand_in(monkeypatch, {"board": ToolMissing("none")})
    strict = Unit("strict", {"command": ["board"], "env": {}}, component="board")
    with pytest.raises(ToolMissing):
        prepare([BOARD, strict], workspace, Listening())
    assert asked == [("board", 0.0)]


def test_a_failure_of_the_other_too_is_the_error(monkeypatch, workspace):
    stand_in(monkeypatch, {"board": ToolMissing("none")})

    def fail(folder, report):
        raise components.BuildFailed("npm failed")

    monkeypatch.setattr(components, "web_page", fail)
    with pytest.raises(components.BuildFailed, match="npm failed"):
        prepare([BOARD], workspace, Listening())
