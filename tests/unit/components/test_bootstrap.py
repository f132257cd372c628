from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "bootstrap.sh"

# Notes its calls, makes an environment of a link to this interpreter, and fails to install while `broken` is there.
UV = f"""#!/bin/sh
echo "$*" >> calls
case "$1" in
--version) echo "uv 0.13.9 (test)" ;;
venv) mkdir -p .venv/bin; ln -sf '{sys.executable}' .venv/bin/python ;;
pip) [ ! -e broken ] ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "a check out"
    (root / "scripts").mkdir(parents=True)
    (root / "client").mkdir()
    shutil.copy(SCRIPT, root / "scripts")
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml", "client/pyproject.toml"):
        (root / name).write_text(name)
    (root / ".python-version").write_text(f"{sys.version_info.major}.{sys.version_info.minor}\n")
    (root / "uv").write_text(UV)
    (root / "uv").chmod(0o755)
    return root


def start(checkout: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["sh", checkout / "scripts" / "bootstrap.sh", *arguments],
        cwd="/",
        env={"PATH": os.environ["PATH"], "OBSIVERSE_UV": str(checkout / "uv")},
        stderr=subprocess.PIPE,
        text=True,
    )


def bootstrap(checkout: Path, *arguments: str) -> tuple[int, str]:
    child = start(checkout, *arguments)
    _, told = child.communicate(timeout=60)
    return child.returncode, told


def calls(checkout: Path) -> list[str]:
    """What uv was asked since the last look, without its version."""
    path = checkout / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return [line for line in lines if line != "--version"]


def test_environment_is_made_once(checkout: Path) -> None:
    assert bootstrap(checkout)[0] == 0
    made = calls(checkout)
    assert len(made) == 3
    assert "--require-hashes -r requirements.lock" in made[1]
    assert bootstrap(checkout) == (0, "")
    assert not (checkout / "calls").exists()


def test_developer_s_environment_does_for_the_user(checkout: Path) -> None:
    bootstrap(checkout, "dev")
    calls(checkout)
    bootstrap(checkout)
    bootstrap(checkout, "dev")
    assert calls(checkout) == []


def test_user_s_environment_is_completed_for_the_developer(checkout: Path) -> None:
    bootstrap(checkout)
    calls(checkout)
    bootstrap(checkout, "dev")
    assert any("-r requirements-dev.lock" in call for call in calls(checkout))


@pytest.mark.parametrize("file", ["requirements.lock", "pyproject.toml", "client/pyproject.toml"])
def test_changed_file_installs_again(checkout: Path, file: str) -> None:
    bootstrap(checkout)
    calls(checkout)
    (checkout / file).write_text("changed")
    bootstrap(checkout)
    assert any("pip install" in call for call in calls(checkout))


def test_failed_install_is_told_and_made_anew_the_next_time(checkout: Path) -> None:
    (checkout / "broken").touch()
    code, told = bootstrap(checkout)
    assert code == 1
    assert "could not be installed" in told
    (checkout / "broken").unlink()
    calls(checkout)
    assert bootstrap(checkout)[0] == 0
    assert any(call.startswith("venv --quiet --clear") for call in calls(checkout))


def test_concurrent_calls_make_it_once(checkout: Path) -> None:
    children = [start(checkout) for _ in range(4)]
    for child in children:
        child.communicate(timeout=60)
    assert [child.returncode for child in children] == [0, 0, 0, 0]
    assert len([call for call in calls(checkout) if call.startswith("venv")]) == 1


def test_lock_of_a_killed_call_is_taken_over(checkout: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    (checkout / ".obsiverse").mkdir()
    (checkout / ".obsiverse" / "bootstrap.guard").symlink_to(str(dead.pid))
    assert bootstrap(checkout)[0] == 0
    assert list((checkout / ".obsiverse").iterdir()) == []


def test_uv_that_is_too_old_is_refused_where_it_was_named(checkout: Path) -> None:
    (checkout / "uv").write_text("#!/bin/sh\necho uv 0.8.0\n")
    code, told = bootstrap(checkout)
    assert code == 1
    assert "OBSIVERSE_UV" in told
