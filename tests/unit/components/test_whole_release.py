"""A release that is a whole folder with plugins of a catalogue, as Grafana's is."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from obsiverse.components import catalog, explain, get
from obsiverse.components.catalog import Distribution, Plugin, Release
from obsiverse.components.checksums import ComponentsLock
from obsiverse.components.errors import ChecksumMismatch, ToolMissing
from obsiverse.components.settings import ComponentSettings, Platform

from .conftest import Publisher, tarball

HERE = Platform.here()
SERVER = b"#!/bin/sh\necho board version 1.2.3\n"
ARCHIVE = f"/oss/board-1.2.3.{HERE}.tar.gz"
ENTRY = "/plugins/maker-x-source/versions/2.0.1"
DOWNLOAD = f"{ENTRY}/download?os={HERE.os}&arch={HERE.arch}"


def zipped(files: dict[str, bytes], executable: str = "") -> bytes:
    """A .zip with these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as content:
        for name, body in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o755 if name == executable else 0o644) << 16
            content.writestr(info, body)
    return out.getvalue()


PLUGIN = zipped({"maker-x-source/plugin.json": b"{}", "maker-x-source/gpx": b"#!/bin/sh\n"}, "maker-x-source/gpx")


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Distribution:
    """A distribution named `board`, in the form that Grafana's has."""
    distribution = Distribution(
        name="board",
        version="1.2.3",
        programs=("board",),
        home=("conf/defaults.ini", "data/plugins/maker-x-source"),
        release=Release(
            path="oss",
            file="board-{version}.{os}-{arch}.tar.gz",
            checksums="board-{version}.{os}-{arch}.tar.gz.sha256",
            members={"board": "bin/board"},
            whole=True,
            plugins=(Plugin("maker-x-source", "2.0.1"),),
            site="grafana_releases",
        ),
    )
    monkeypatch.setattr(catalog, "PROGRAMS", {"board": distribution})
    return distribution


@dataclass
class Site:
    """The publisher with both downloads, and settings that name it."""

    publisher: Publisher
    settings: ComponentSettings

    def offer(self, archive: bytes, plugin: bytes, packages: str = "any") -> None:
        self.publisher.files[ARCHIVE] = archive
        self.publisher.files[f"{ARCHIVE}.sha256"] = f"{hashlib.sha256(archive).hexdigest()}\n".encode()
        entry = {"version": "2.0.1", "packages": {packages: {"sha256": hashlib.sha256(plugin).hexdigest()}}}
        self.publisher.files[ENTRY] = json.dumps(entry).encode()
        self.publisher.files[DOWNLOAD] = plugin


@pytest.fixture
def site(board: Distribution, publisher: Publisher, settings: ComponentSettings) -> Site:
    places = {"grafana_releases": publisher.url, "grafana_plugins": f"{publisher.url}/plugins"}
    found = Site(publisher, settings.model_copy(update=places))
    found.offer(whole("board-v1.2.3"), PLUGIN)
    return found


def whole(folder: str) -> bytes:
    """The archive of a release, all of it in one folder."""
    return tarball({f"{folder}/bin/board": SERVER, f"{folder}/conf/defaults.ini": b"[a]\n"}, mode=0o755)


@pytest.mark.parametrize("folder", ["board-v1.2.3", "board-1.2.3", "./board-1.2.3"])
@pytest.mark.parametrize("packages", ["any", str(HERE)])
def test_the_program_has_beside_it_what_it_needs(site: Site, folder: str, packages: str) -> None:
    site.offer(whole(folder), PLUGIN, packages)
    found = get("board", settings=site.settings)
    home = found.path.parent.parent
    assert (found.path.name, found.source, found.path.read_bytes()) == ("board", "release", SERVER)
    assert os.access(found.path, os.X_OK)
    assert (home / "conf" / "defaults.ini").read_text() == "[a]\n"
    plugin = home / "data" / "plugins" / "maker-x-source"
    assert (plugin / "plugin.json").is_file()
    assert os.access(plugin / "gpx", os.X_OK)
    assert not os.access(plugin / "plugin.json", os.X_OK)
    asked = len(site.publisher.requests)
    assert get("board", settings=site.settings) == found
    assert len(site.publisher.requests) == asked


@pytest.mark.parametrize("beside", ["", "  dist/board_1.2.3_24388279614_linux.tar.gz", " *board-1.2.3.tar.gz"])
def test_the_sum_counts_whatever_its_file_calls_the_archive(site: Site, beside: str) -> None:
    digest = hashlib.sha256(site.publisher.files[ARCHIVE]).hexdigest()
    site.publisher.files[f"{ARCHIVE}.sha256"] = f"{digest}{beside}\n".encode()
    assert get("board", settings=site.settings).source == "release"


def test_two_sums_that_name_other_files_count_for_none(site: Site) -> None:
    site.publisher.files[f"{ARCHIVE}.sha256"] = f"{'0' * 64}  a\n{'1' * 64}  b\n".encode()
    with pytest.raises(ToolMissing, match="has no sum of"):
        get("board", settings=site.settings)


def test_sums_of_archive_and_plugins_are_kept(site: Site) -> None:
    get("board", settings=site.settings)
    lock = ComponentsLock(site.settings.lock, site.settings.cache / "guard")
    assert lock.sum_of("board", "1.2.3", HERE) == hashlib.sha256(site.publisher.files[ARCHIVE]).hexdigest()
    assert lock.sum_of("maker-x-source", "2.0.1", HERE) == hashlib.sha256(PLUGIN).hexdigest()


def test_a_plugin_that_differs_from_its_catalogue_is_refused(site: Site) -> None:
    site.publisher.files[DOWNLOAD] = PLUGIN[:-1] + b"!"
    with pytest.raises(ChecksumMismatch, match=r"maker-x-source/versions/2\.0\.1 says"):
        get("board", settings=site.settings)
    assert ARCHIVE not in site.publisher.served


def test_a_plugin_without_a_sum_for_this_machine_is_not_taken(site: Site) -> None:
    site.offer(whole("board"), PLUGIN, packages="plan9-mips")
    with pytest.raises(ToolMissing, match=rf"has no sum for {HERE}"):
        get("board", settings=site.settings)


@pytest.mark.parametrize(
    "entry", [b"", b"[]", b'{"packages": {"any": {"sha256": "short"}}}', b'{"packages": {"any": 1}}']
)
def test_a_catalogue_that_answers_something_else_is_told(site: Site, entry: bytes) -> None:
    site.publisher.files[ENTRY] = entry
    with pytest.raises(ToolMissing, match="has no sum for"):
        get("board", settings=site.settings)


def test_a_catalogue_that_lacks_the_plugin_is_told(site: Site) -> None:
    del site.publisher.files[ENTRY]
    with pytest.raises(ToolMissing, match="answers 404"):
        get("board", settings=site.settings)


@pytest.mark.parametrize("name", ["../evil", "/evil", "maker-x-source/../../evil"])
def test_a_plugin_that_leads_outside_is_not_unpacked(site: Site, name: str) -> None:
    site.offer(whole("board"), zipped({name: b"x"}))
    with pytest.raises(ToolMissing, match="leads outside"):
        get("board", settings=site.settings)
    assert not list(site.settings.cache.rglob("evil"))


def test_an_archive_without_the_program_is_told(site: Site) -> None:
    site.offer(tarball({"board/conf/defaults.ini": b"[a]\n"}), PLUGIN)
    with pytest.raises(ToolMissing, match="has no bin/board"):
        get("board", settings=site.settings)
    assert explain("board", settings=site.settings).ok is None


def test_an_archive_that_escapes_is_not_unpacked(site: Site) -> None:
    site.offer(tarball({"board/bin/board": SERVER, "board/../../../evil": b"x"}), PLUGIN)
    with pytest.raises(ToolMissing, match="not a sound archive"):
        get("board", settings=site.settings)
    assert not list(site.settings.cache.parent.rglob("evil"))


def test_what_was_downloaded_is_not_downloaded_again_after_a_fault(site: Site) -> None:
    site.publisher.cuts = [None, None, None, 3, 0, 0, 0]
    with pytest.raises(ToolMissing, match="breaks off"):
        get("board", settings=site.settings)
    site.publisher.cuts = []
    get("board", settings=site.settings)
    assert site.publisher.served[DOWNLOAD] == len(PLUGIN)


def installed(folder: Path, *beside: str) -> None:
    """A `board` on PATH, with files beside it."""
    for name in beside:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    program = folder / "bin" / "board"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_bytes(SERVER)
    program.chmod(0o755)


def test_one_on_path_with_its_plugins_is_taken(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path / "own", "conf/defaults.ini", "data/plugins/maker-x-source")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "board").symlink_to(tmp_path / "own" / "bin" / "board")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    found = get("board", settings=site.settings)
    assert (found.source, found.path) == ("path", tmp_path / "own" / "bin" / "board")
    assert site.publisher.requests == []


def test_one_on_path_without_its_plugins_is_skipped(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / "own", "conf/defaults.ini")
    monkeypatch.setenv("PATH", f"{tmp_path / 'own' / 'bin'}:/usr/bin:/bin")
    found = get("board", settings=site.settings)
    assert found.source == "release"
    assert "has no data/plugins/maker-x-source beside it" in found.reason


def test_the_catalogued_grafana_is_named_as_its_publisher_names_it() -> None:
    distribution = catalog.find("grafana")
    release = distribution.release
    assert release is not None
    linux = Platform("linux", "arm64")
    assert distribution.fill(release.file, linux) == f"grafana-{distribution.version}.linux-arm64.tar.gz"
    assert distribution.fill(release.checksums, linux) == f"{distribution.fill(release.file, linux)}.sha256"
