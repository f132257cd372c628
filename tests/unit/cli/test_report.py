"""What `obsiverse report` takes, and what it says where it can't."""

import json
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse.cli import report
from obsiverse.cli.console import Progress
from obsiverse.engine.errors import EngineError


def test_variables_keep_all_their_values_in_order():
    given = ["endpoint=clinical", "var-endpoint=other", "trace=a=b", "slower="]
    assert report.parse_variables(given) == {"endpoint": ["clinical", "other"], "trace": ["a=b"], "slower": [""]}


@pytest.mark.parametrize("text", ["endpoint", "=clinical", "", " =x", "var-=x"])
def test_a_variable_without_a_name_is_refused_with_an_example(text):
    with pytest.raises(EngineError, match="--var endpoint=clinical"):
        report.parse_variables([text])


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), st.lists(st.text(), min_size=1), max_size=4))
def test_any_value_arrives_as_it_was_given(values):
    assert report.parse_variables([f"{name}={each}" for name, all_ in values.items() for each in all_]) == values


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Has another program make the report."""

    def make(program: str) -> list[Path]:
        module = tmp_path / "stand_in.py"
        module.write_text(textwrap.dedent(program))
        monkeypatch.setattr(report, "MODULE", "stand_in")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        with Progress() as progress:
            return report.make(Path(sys.executable), {"dashboards": ["executive"]}, progress)

    return make


def test_files_come_in_the_order_of_the_report(maker):
    lines = [{"doing": "A"}, {"dashboard": "A", "file": "/x/a.png", "failed": []}, {"pdf": "/x/report.pdf"}]
    program = f"import json, sys\nassert json.load(sys.stdin)['dashboards'] == ['executive']\nfor one in {lines!r}: print(json.dumps(one))"
    assert maker(program) == [Path("/x/a.png"), Path("/x/report.pdf")]


def test_a_panel_that_failed_is_a_warning(maker, capsys):
    failed = {"dashboard": "A", "file": "/x/a.png", "failed": [{"title": "Drift", "error": "no such function"}]}
    maker(f"import json\nprint(json.dumps({failed!r}))\nprint(json.dumps({{'pdf': '/x/report.pdf'}}))")
    assert "A, Drift: no such function" in capsys.readouterr().err


def test_what_the_maker_says_is_the_error_and_its_next_step(maker):
    told = json.dumps({"error": "there is no browser to draw with", "hint": "Install Chromium."})
    with pytest.raises(EngineError) as caught:
        maker(f"print({told!r}); raise SystemExit(1)")
    assert (caught.value.message, caught.value.hint) == ("there is no browser to draw with", "Install Chromium.")


def test_a_maker_that_ends_early_is_no_success(maker):
    with pytest.raises(EngineError, match="ended with 3"):
        maker("raise SystemExit(3)")


def test_a_stack_that_is_down_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OBSIVERSE_STATE", str(tmp_path))
    monkeypatch.setenv("OBSIVERSE_ENGINE", "native")
    with pytest.raises(EngineError, match="nothing is running\nStart it with `make up`, or name a Grafana with --url"):
        report.report(folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()
