from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from obsiverse.components import python_environment, requirements_taken, torch
from obsiverse.components.errors import ComponentError, EnvironmentFailed, ToolMissing
from obsiverse.components.settings import CHECKOUT, ComponentSettings
from obsiverse.components.uv import find_uv


def _real_uv() -> Path | None:
    try:
        return find_uv(ComponentSettings(checkout=CHECKOUT))
    except ToolMissing:
        return None


UV = _real_uv()
needs_uv = pytest.mark.skipif(UV is None, reason="no uv here")

# A build backend of a few lines, so that nothing is downloaded.
BACKEND = """
import pathlib, zipfile

def _wheel(folder, editable):
    name = "mini-0.1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        wheel.writestr("mini.pth", str(pathlib.Path(__file__).parent / "src"))
        wheel.writestr("mini-0.1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: mini\\nVersion: 0.1\\n")
        wheel.writestr("mini-0.1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("mini-0.1.dist-info/RECORD", "")
    return name

def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, True)

def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, False)
"""

PYPROJECT = """
[project]
name = "mini"
version = "0.1"
dependencies = []

[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


@pytest.fixture
def project(settings: ComponentSettings) -> Path:
    folder = settings.checkout / "services" / "mi ni"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "mini.py").write_text("ANSWER = 42\n")
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "requirements.lock").write_text("# nothing\n")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (settings.checkout / ".python-version").write_text(f"{version}\n")
    return folder


@pytest.fixture
def venvs(settings: ComponentSettings) -> Path:
    return settings.checkout / ".obsiverse" / "venvs"


@pytest.fixture
def offline(settings: ComponentSettings, monkeypatch: pytest.MonkeyPatch) -> ComponentSettings:
    """Settings with the real uv, which may not use the network."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).resolve().parent}:{os.environ['PATH']}")
    return settings.model_copy(update={"uv": UV})


# What `uv venv FOLDER` leaves, for a stand-in of uv.
MAKES_VENV = """case " $* " in *" venv "*)
for last; do :; done; mkdir -p "$last/bin"; touch "$last/bin/python" "$last/pyvenv.cfg" ;; esac
"""


def fake_uv(settings: ComponentSettings, script: str) -> ComponentSettings:
    path = settings.checkout / "fake-uv"
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)
    return settings.model_copy(update={"uv": path})


def answer(python: Path) -> str:
    return subprocess.run(
        [python, "-c", "import mini; print(mini.ANSWER)"], capture_output=True, check=True, text=True
    ).stdout


@needs_uv
def test_project_can_be_imported_in_its_environment(project: Path, venvs: Path, offline: ComponentSettings) -> None:
    python = python_environment(project, venvs, settings=offline)
    assert python.is_relative_to(venvs)
    assert answer(python) == "42\n"


@needs_uv
def test_unchanged_environment_is_left_alone_and_needs_no_uv(
    project: Path, venvs: Path, offline: ComponentSettings
) -> None:
    python = python_environment(project, venvs, settings=offline)
    (python.parent.parent / "mark").touch()
    without = offline.model_copy(update={"uv": Path("/nonexistent")})
    assert python_environment(project, venvs, settings=without) == python
    assert (python.parent.parent / "mark").exists()


@needs_uv
@pytest.mark.parametrize("file", ["requirements.lock", "pyproject.toml"])
def test_changed_file_makes_the_environment_anew(
    project: Path, venvs: Path, offline: ComponentSettings, file: str
) -> None:
    python = python_environment(project, venvs, settings=offline)
    (python.parent.parent / "mark").touch()
    with (project / file).open("a") as handle:
        handle.write("# changed\n")
    python_environment(project, venvs, settings=offline)
    assert not (python.parent.parent / "mark").exists()
    assert answer(python) == "42\n"


@needs_uv
def test_interpreter_that_went_away_makes_the_environment_anew(
    project: Path, venvs: Path, offline: ComponentSettings
) -> None:
    python = python_environment(project, venvs, settings=offline)
    python.unlink()
    python.symlink_to("/nonexistent/python")
    assert answer(python_environment(project, venvs, settings=offline)) == "42\n"


@needs_uv
def test_half_made_environment_is_made_anew(
    project: Path, venvs: Path, settings: ComponentSettings, offline: ComponentSettings
) -> None:
    half = fake_uv(settings, MAKES_VENV + 'case " $* " in *" install "*) kill -9 $PPID ;; esac\n')
    program = """
import sys
from pathlib import Path
from obsiverse.components import ComponentSettings, python_environment
settings = ComponentSettings.model_validate_json(sys.argv[3])
python_environment(Path(sys.argv[1]), Path(sys.argv[2]), settings=settings)
"""
    killed = subprocess.run([sys.executable, "-c", program, project, venvs, half.model_dump_json()], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (venvs / project.name / "bin" / "python").exists()
    assert answer(python_environment(project, venvs, settings=offline)) == "42\n"


@needs_uv
def test_package_that_is_not_locked_by_hash_is_refused(project: Path, venvs: Path, offline: ComponentSettings) -> None:
    (project / "requirements.lock").write_text("idna==3.10\n")
    with pytest.raises(EnvironmentFailed, match="hash"):
        python_environment(project, venvs, settings=offline)


def test_uv_s_last_lines_and_a_next_step_are_in_the_error(
    project: Path, venvs: Path, settings: ComponentSettings
) -> None:
    broken = fake_uv(settings, "echo 'error: No space left on device (os error 28)'; exit 2\n")
    with pytest.raises(EnvironmentFailed, match="No space left on device") as caught:
        python_environment(project, venvs, settings=broken)
    assert "Free some disk space" in caught.value.hint


def test_two_threads_make_an_environment_once(project: Path, venvs: Path, settings: ComponentSettings) -> None:
    counting = fake_uv(
        settings,
        f"""case " $* " in *" venv "*) echo made >> '{settings.checkout}/count' ;; esac
"""
        + MAKES_VENV,
    )
    with ThreadPoolExecutor(4) as pool:
        made = [pool.submit(python_environment, project, venvs, settings=counting) for _ in range(4)]
    assert len({each.result() for each in made}) == 1
    assert (settings.checkout / "count").read_text() == "made\n"


def test_client_is_installed_where_it_is_a_dependency(project: Path, venvs: Path, settings: ComponentSettings) -> None:
    (settings.checkout / "client").mkdir()
    (settings.checkout / "client" / "pyproject.toml").write_text("")
    pyproject = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(
        pyproject.replace("dependencies = []", 'dependencies = ["obsiverse-client"]')
    )
    noting = fake_uv(
        settings,
        f"""echo "$*" >> '{settings.checkout}/calls'
"""
        + MAKES_VENV,
    )
    python_environment(project, venvs, settings=noting)
    last = (settings.checkout / "calls").read_text().splitlines()[-1]
    assert last.endswith(f"--no-deps -e {project} -e {settings.checkout / 'client'}")


def test_project_without_a_lock_is_told(project: Path, venvs: Path, settings: ComponentSettings) -> None:
    (project / "requirements.lock").unlink()
    with pytest.raises(ComponentError, match=r"no requirements\.lock"):
        python_environment(project, venvs, settings=settings)


def test_uv_that_is_too_old_is_passed_over(
    settings: ComponentSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, version in ((tmp_path / "bin", "0.8.9"), (settings.checkout / ".uv" / "bin", "0.10.0")):
        folder.mkdir(parents=True)
        (folder / "uv").write_text(f"#!/bin/sh\necho uv {version}\n")
        (folder / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert find_uv(settings) == settings.checkout / ".uv" / "bin" / "uv"
    shutil.rmtree(settings.checkout / ".uv")
    with pytest.raises(ToolMissing, match=r"older than 0\.9"):
        find_uv(settings)


class TestTorch:
    @pytest.fixture(autouse=True)
    def no_gpu(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch, "has_nvidia_driver", lambda: False)

    @pytest.fixture
    def cpu_lock(self, project: Path) -> Path:
        path = project / "requirements.cpu.lock"
        path.touch()
        return path

    def test_cpu_build_where_there_is_no_driver(
        self, project: Path, cpu_lock: Path, settings: ComponentSettings
    ) -> None:
        index = settings.releases + "/whl/cpu"
        chosen = torch.choose(project, settings.model_copy(update={"torch_cpu_index": index}))
        assert (chosen.file, chosen.index) == (cpu_lock, index)

    def test_usual_build_where_there_is_a_driver(
        self, project: Path, cpu_lock: Path, settings: ComponentSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(torch, "has_nvidia_driver", lambda: True)
        chosen = torch.choose(project, settings.model_copy(update={"torch_cpu_index": settings.releases}))
        assert (chosen.file.name, chosen.index) == ("requirements.lock", "")

    def test_usual_build_where_the_index_does_not_answer(
        self, project: Path, cpu_lock: Path, settings: ComponentSettings
    ) -> None:
        chosen = torch.choose(project, settings.model_copy(update={"torch_cpu_index": "http://127.0.0.1:9/cpu"}))
        assert chosen.file.name == "requirements.lock"
        assert "can't be reached" in chosen.why

    def test_missing_cpu_lock_is_said(self, project: Path, venvs: Path, settings: ComponentSettings) -> None:
        with (project / "pyproject.toml").open("a") as handle:
            handle.write("\n[tool.obsiverse]\ntorch = true\n")
        python_environment(project, venvs, settings=fake_uv(settings, MAKES_VENV))
        assert requirements_taken(project, venvs) == "requirements.lock: there is no requirements.cpu.lock"
