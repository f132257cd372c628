from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from obsiverse.components import explain, get, network
from obsiverse.components.catalog import Distribution
from obsiverse.components.checksums import ComponentsLock, Entry
from obsiverse.components.errors import ChecksumMismatch, ToolMissing, UnknownComponent
from obsiverse.components.settings import ComponentSettings, Platform

from .conftest import PROGRAM, VERSION, Published, Publisher


def put_on_path(folder: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / "tool"
    program.write_text(f"#!/bin/sh\necho asked >> '{folder}/asked'\necho 'tool, version {version} (branch: x)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return program


def lock_of(settings: ComponentSettings) -> ComponentsLock:
    return ComponentsLock(settings.lock, settings.cache / "guard")


def lock_sum(settings: ComponentSettings, sha256: str) -> None:
    here = Platform.here()
    lock_of(settings).add(Entry(component="tool", version=VERSION, os=here.os, arch=here.arch, file="f", sha256=sha256))


def test_release_is_downloaded_checked_and_kept(
    release: Published, publisher: Publisher, settings: ComponentSettings
) -> None:
    found = get("tool", settings=settings)
    assert found.source == "release"
    assert found.version == VERSION
    assert found.path.read_bytes() == PROGRAM
    assert subprocess.run([found.path], capture_output=True, check=True).stdout == b"tool version 1.2.3\n"
    assert "no tool on PATH" in found.reason
    requests = len(publisher.requests)
    assert get("tool", settings=settings) == found
    assert len(publisher.requests) == requests


def test_first_download_adds_its_sum_to_the_lock(release: Published, settings: ComponentSettings) -> None:
    get("tool", settings=settings)
    assert lock_of(settings).sum_of("tool", VERSION, Platform.here()) == release.sha256


def test_download_that_differs_from_the_publisher_s_sum_is_refused(
    release: Published, publisher: Publisher, settings: ComponentSettings
) -> None:
    publisher.files[release.path] = release.body[:-1] + b"!"
    with pytest.raises(ChecksumMismatch, match=release.sha256):
        get("tool", settings=settings)
    assert not settings.lock.exists()
    assert explain("tool", settings=settings).ok is None


def test_download_that_differs_from_the_lock_is_refused_though_the_publisher_agrees(
    release: Published, settings: ComponentSettings
) -> None:
    lock_sum(settings, "f" * 64)
    with pytest.raises(ChecksumMismatch) as caught:
        get("tool", settings=settings)
    assert release.sha256 in caught.value.message
    assert "f" * 64 in caught.value.message
    assert "components.lock" in caught.value.message
    assert lock_of(settings).sum_of("tool", VERSION, Platform.here()) == "f" * 64


def test_file_that_the_publisher_states_no_sum_of_is_not_taken(
    release: Published, publisher: Publisher, settings: ComponentSettings
) -> None:
    publisher.files[release.checksums] = b"nothing here\n"
    with pytest.raises(ToolMissing, match="has no sum of"):
        get("tool", settings=settings)
    assert release.path not in publisher.served


def test_program_on_path_at_the_right_version_comes_first(
    release: Published,
    publisher: Publisher,
    settings: ComponentSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = put_on_path(tmp_path / "bin", "1.2.4", monkeypatch)
    found = get("tool", settings=settings)
    assert (found.source, found.path, found.version) == ("path", program, "1.2.4")
    assert publisher.requests == []


def test_program_on_path_is_asked_its_version_once_while_it_stays_the_same(
    tool: Distribution, settings: ComponentSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(tmp_path / "bin", VERSION, monkeypatch)
    for _ in range(3):
        get("tool", settings=settings)
    assert (tmp_path / "bin" / "asked").read_text().count("asked") == 1
    put_on_path(tmp_path / "bin", "1.2.30", monkeypatch)
    assert get("tool", settings=settings).version == "1.2.30"


@pytest.mark.parametrize("version", ["1.2.2", "1.3.3", "2.2.3", "unknown"])
def test_program_on_path_of_another_version_is_skipped_with_the_reason(
    release: Published, settings: ComponentSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    program = put_on_path(tmp_path / "bin", version, monkeypatch)
    found = get("tool", settings=settings)
    assert found.source == "release"
    assert str(program) in found.reason
    assert version in found.reason or "does not say" in found.reason


def test_cached_program_that_was_changed_is_got_again(release: Published, settings: ComponentSettings) -> None:
    found = get("tool", settings=settings)
    found.path.write_bytes(b"#!/bin/sh\necho evil\n")
    assert "not what was put there" in explain("tool", settings=settings).text
    again = get("tool", settings=settings)
    assert again.path.read_bytes() == PROGRAM
    assert "not what was put there" in again.reason


def test_cache_that_was_copied_is_still_good(
    release: Published, publisher: Publisher, settings: ComponentSettings, tmp_path: Path
) -> None:
    get("tool", settings=settings)
    subprocess.run(["cp", "-r", settings.cache, tmp_path / "copy"], check=True)
    publisher.files.clear()
    copied = settings.model_copy(update={"cache": tmp_path / "copy"})
    assert get("tool", settings=copied).path.read_bytes() == PROGRAM


def test_half_written_cache_is_not_taken(release: Published, settings: ComponentSettings) -> None:
    found = get("tool", settings=settings)
    (found.path.parent / "record.json").write_text("{")
    assert get("tool", settings=settings).path.read_bytes() == PROGRAM


def test_unreachable_publisher_is_told_and_asked_once_for_all(tool: Distribution, settings: ComponentSettings) -> None:
    nowhere = settings.model_copy(update={"releases": "http://127.0.0.1:9"})
    with pytest.raises(ToolMissing) as caught:
        get("tool", settings=nowhere)
    for part in ("no tool on PATH", "not cached", "http://127.0.0.1:9 can't be reached"):
        assert part in caught.value.message
    assert network._answers.keys() == {"http://127.0.0.1:9"}


def test_unknown_component_is_told_with_the_known_ones(tool: Distribution, settings: ComponentSettings) -> None:
    with pytest.raises(UnknownComponent, match="Known are tool"):
        get("toool", settings=settings)
    assert explain("toool", settings=settings).ok is False


def test_explain_gets_nothing(release: Published, publisher: Publisher, settings: ComponentSettings) -> None:
    assert explain("tool", settings=settings).ok is None
    assert publisher.requests == []
    get("tool", settings=settings)
    explained = explain("tool", settings=settings)
    assert explained.ok is True
    assert f"release {publisher.url}" in explained.text


def test_two_processes_download_once(
    release: Published, publisher: Publisher, tool: Distribution, settings: ComponentSettings
) -> None:
    program = f"""
import sys
from obsiverse.components import catalog, get
from obsiverse.components.catalog import Distribution, Release
from obsiverse.components.settings import ComponentSettings
tool = {tool!r}
catalog.PROGRAMS = {{"tool": tool}}
settings = ComponentSettings.model_validate_json(sys.argv[1])
print(get("tool", settings=settings).path)
"""
    arguments = [sys.executable, "-c", program, json.dumps(settings.model_dump(mode="json"))]
    both = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = {child.communicate(timeout=60)[0].strip() for child in both}
    assert [child.returncode for child in both] == [0, 0]
    assert len(paths) == 1
    assert Path(paths.pop()).read_bytes() == PROGRAM
    assert publisher.served[release.path] == len(release.body)
