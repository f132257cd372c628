from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from obsiverse.components import catalog, explain, get, golang, interrupt
from obsiverse.components.catalog import CATALOG, Distribution, Module
from obsiverse.components.checksums import ComponentsLock
from obsiverse.components.errors import BuildFailed, Cancelled, ChecksumMismatch, ComponentError, ToolMissing
from obsiverse.components.progress import Progress
from obsiverse.components.settings import CHECKOUT, ComponentSettings, Platform

from .conftest import Publisher, tarball

needs_go = pytest.mark.skipif(isinstance(golang.go_on_path((1, 21)), str), reason="no Go 1.21 or newer on PATH")

MAIN = """package main

import "fmt"

var Version = "unset"

func main() { fmt.Println("hello version " + Version) }
"""


@pytest.fixture
def hello(settings: ComponentSettings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a Go module without dependencies, known to the catalogue as `hello` 1.2.3."""
    distribution = Distribution(
        name="hello",
        version="1.2.3",
        programs=("hello",),
        module=Module(folder="hello", packages={"hello": "."}, version_variable="main.Version"),
    )
    monkeypatch.setattr(catalog, "PROGRAMS", {"hello": distribution})
    folder = settings.checkout / "hello"
    folder.mkdir()
    (folder / "go.mod").write_text("module example/hello\n\ngo 1.21\n")
    (folder / "main.go").write_text(MAIN)
    return folder


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for go that a test writes, first on PATH; answers its version, and then runs `build.sh` beside it."""
    folder = tmp_path / "fake"
    folder.mkdir()
    go = folder / "go"
    go.write_text(f'#!/bin/sh\n[ "$1" = env ] && echo go1.26.0 && exit\n. "{folder}/build.sh"\n')
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "build.sh"


@needs_go
def test_program_is_built_from_its_module_and_kept(hello: Path, settings: ComponentSettings) -> None:
    seen: list[Progress] = []
    found = get("hello", settings=settings, report=seen.append)
    assert found.source == "built"
    assert subprocess.run([found.path], capture_output=True, check=True, text=True).stdout == "hello version 1.2.3\n"
    assert "built from hello by Go 1." in found.reason
    assert {progress.phase for progress in seen} <= {"building", "downloading"}
    assert get("hello", settings=settings) == found
    assert sorted(path.name for path in hello.iterdir()) == ["go.mod", "main.go"]


@needs_go
def test_changed_module_is_built_again(hello: Path, settings: ComponentSettings) -> None:
    first = get("hello", settings=settings)
    (hello / "main.go").write_text(MAIN.replace("hello version", "goodbye version"))
    assert explain("hello", settings=settings).ok is None
    second = get("hello", settings=settings)
    assert second.path != first.path
    assert b"goodbye" in subprocess.run([second.path], capture_output=True, check=True).stdout


@needs_go
def test_module_in_a_read_only_folder_builds(hello: Path, settings: ComponentSettings) -> None:
    hello.chmod(0o555)
    assert get("hello", settings=settings).path.exists()


@needs_go
def test_user_s_own_go_variables_do_not_lead_astray(
    hello: Path, settings: ComponentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOS", "windows")
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    monkeypatch.setenv("GOWORK", "/nowhere/go.work")
    subprocess.run([get("hello", settings=settings).path], check=True)


@needs_go
def test_compiler_s_own_words_are_in_the_error(hello: Path, settings: ComponentSettings) -> None:
    (hello / "main.go").write_text("package main\n\nfunc main() { undefinedFunction() }\n")
    with pytest.raises(BuildFailed, match="undefined: undefinedFunction"):
        get("hello", settings=settings)
    assert explain("hello", settings=settings).ok is None


def test_missing_go_is_told_with_all_that_was_tried(
    hello: Path, settings: ComponentSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing) as caught:
        get("hello", settings=settings)
    assert "no go on PATH" in caught.value.message
    assert "Install Go" in caught.value.hint


def test_go_that_is_too_old_is_named(hello: Path, fake_go: Path, settings: ComponentSettings) -> None:
    (hello / "go.mod").write_text("module example/hello\n\ngo 1.99.1\n")
    (fake_go.parent / "go").write_text("#!/bin/sh\necho go1.20.3\n")
    with pytest.raises(ToolMissing, match=r"1\.20\.3, 1\.99\.1 or newer"):
        get("hello", settings=settings)


@pytest.fixture
def go_release(publisher: Publisher, settings: ComponentSettings, monkeypatch: pytest.MonkeyPatch) -> ComponentSettings:
    """Settings whose publisher has a Go that answers its version and else copies a file; there is none on PATH."""
    monkeypatch.setattr(golang, "go_on_path", lambda _minimum: "no go on PATH")
    script = b'#!/bin/sh\n[ "$1" = env ] && echo go1.26.8 && exit\nfor last; do :; done; cp main.go ../hello\n'
    file = f"go{catalog.GO_VERSION}.{Platform.here()}.tar.gz"
    publisher.files[f"/{file}"] = tarball({"go/bin/go": script}, mode=0o755)
    listed = {"filename": file, "sha256": hashlib.sha256(publisher.files[f"/{file}"]).hexdigest()}
    publisher.files["/?mode=json&include=all"] = json.dumps([{"version": "go", "files": [listed]}]).encode()
    return settings.model_copy(update={"go_releases": publisher.url})


def test_official_go_is_downloaded_where_there_is_none(hello: Path, go_release: ComponentSettings) -> None:
    assert get("hello", settings=go_release).path.read_text() == MAIN
    lock = ComponentsLock(go_release.lock, go_release.cache / "guard")
    assert lock.sum_of("go", catalog.GO_VERSION, Platform.here())


def test_go_that_is_not_the_published_one_is_refused(
    hello: Path, go_release: ComponentSettings, publisher: Publisher
) -> None:
    publisher.files[f"/go{catalog.GO_VERSION}.{Platform.here()}.tar.gz"] = tarball({"go/bin/go": b"evil"})
    with pytest.raises(ChecksumMismatch):
        get("hello", settings=go_release)


def test_missing_module_is_told(hello: Path, settings: ComponentSettings) -> None:
    shutil.rmtree(hello)
    with pytest.raises(ComponentError, match="can't be read"):
        get("hello", settings=settings)


def test_interrupt_ends_a_build_and_leaves_nothing_to_be_taken(
    hello: Path, fake_go: Path, settings: ComponentSettings, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    fake_go.write_text(f"echo $$ > '{tmp_path}/pid'; mv '{tmp_path}/pid' '{started}'; sleep 600\n")
    ended: list[BaseException] = []

    def build() -> None:
        try:
            get("hello", settings=settings)
        except BaseException as error:  # noqa: BLE001 - told to the test
            ended.append(error)

    thread = threading.Thread(target=build)
    thread.start()
    deadline = time.monotonic() + 30
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    interrupt()
    thread.join(30)
    assert [type(error) for error in ended] == [Cancelled]
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
    assert explain("hello", settings=settings).ok is None


def test_killed_builder_is_waited_for_by_the_next(
    hello: Path, fake_go: Path, settings: ComponentSettings, tmp_path: Path
) -> None:
    """kill -9 of the process that builds leaves a compiler behind; nobody may work in its folder before it ended."""
    started, go_on = tmp_path / "started", tmp_path / "go-on"
    fake_go.write_text(
        f"""for out; do case "$last" in -o) break ;; esac; last=$out; done
if mkdir '{started}' 2>/dev/null; then
while [ ! -e '{go_on}' ]; do sleep 0.05; done
echo late > '{tmp_path}/late'
exit 1
fi
echo program > "$out"
"""
    )
    program = f"""
import sys
from obsiverse.components import catalog, get
from obsiverse.components.catalog import Distribution, Module
from obsiverse.components.settings import ComponentSettings
catalog.PROGRAMS = {{"hello": {catalog.PROGRAMS["hello"]!r}}}
get("hello", settings=ComponentSettings.model_validate_json(sys.argv[1]))
"""
    first = subprocess.Popen([sys.executable, "-c", program, settings.model_dump_json()])
    deadline = time.monotonic() + 30
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()

    def release_when_waiting(progress: Progress) -> None:
        if progress.phase == "waiting":
            assert not (tmp_path / "late").exists()
            go_on.touch()

    found = get("hello", settings=settings, report=release_when_waiting)
    assert (tmp_path / "late").exists()
    assert found.path.read_text() == "program\n"


BUILT = [each for each in CATALOG if each.module]


@pytest.mark.parametrize("distribution", BUILT, ids=lambda each: each.name)
def test_catalogued_module_pins_the_version_of_its_release(distribution: Distribution) -> None:
    """A release and a build of the same program must be the same version, or a cache would hide which."""
    assert distribution.module is not None
    folder = CHECKOUT / distribution.module.folder
    assert (folder / "go.sum").is_file()
    major, minor, patch = distribution.version.split(".")
    # Prometheus 3.12.0 is the module's v0.312.0.
    pinned = f"v0.{major}{int(minor):02}.{patch}" if distribution.name == "prometheus" else f"v{distribution.version}"
    assert f" {pinned}" in (folder / "go.mod").read_text()


def test_catalogued_collector_says_the_version_of_its_catalogue_entry() -> None:
    assert f'"{catalog.find("otelcol").version}"' in (CHECKOUT / "otel-collector" / "build" / "main.go").read_text()
