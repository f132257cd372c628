"""The programs that units name."""

from pathlib import Path

from obsiverse import components
from obsiverse.components import Resolved
from obsiverse.engine.programs import prepare
from obsiverse.engine.report import Reporter
from obsiverse.engine.units import Unit
from obsiverse.engine.workspace import Workspace


class Silent(Reporter):
    """Reports nothing."""

    def stage(self, service: str, stage: str, detail: str = "") -> None:
        """Nothing."""


def test_a_variable_gets_the_path_of_the_program_that_it_names(monkeypatch, tmp_path):
    def get(name, report):
        return Resolved(name, Path("/programs") / name, "built", "1", "")

    monkeypatch.setattr(components, "get", get)
    spec = {"command": ["sh", "-c", "x"], "env": {"A": "b"}}
    units = [Unit("tool", spec, programs={"PROMTOOL": "promtool"}), Unit("none", spec)]
    ready = prepare(units, Workspace(tmp_path, (), tmp_path), Silent())
    assert ready["tool"].spec["env"] == {"A": "b", "PROMTOOL": "/programs/promtool"}
    assert ready["tool"].spec["command"][0].endswith("/sh")
    assert ready["none"].spec["env"] == {"A": "b"}
