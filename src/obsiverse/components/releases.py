"""Publishers' releases: downloaded, checked against the publisher's sums and our lock, unpacked into the cache."""

from __future__ import annotations

from pathlib import Path

from obsiverse.components import archive
from obsiverse.components.catalog import PLUGINS, Distribution, Plugin, Release
from obsiverse.components.checksums import ComponentsLock, Entry, go_release_sum, plugin_sum, published_sum
from obsiverse.components.download import Expected, Measure, fetch
from obsiverse.components.errors import DownloadFailed, Unreachable
from obsiverse.components.network import get_text
from obsiverse.components.progress import Progress, Report
from obsiverse.components.settings import ComponentSettings, Platform
from obsiverse.components.store import Cached, Record, Store

SUPPORTED = frozenset({"linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"})


def get(
    distribution: Distribution, store: Store, skipped: list[str], settings: ComponentSettings, report: Report
) -> Cached:
    """Download a distribution's release into the cache. The caller holds the store's guard.

    Args:
        skipped: why earlier sources were not taken, for the record.

    Raises:
        ChecksumMismatch: the file is not what the publisher's sums or the lock say.
        DownloadFailed, Unreachable: there is no such release to be had; another source may do.
        NoSpace: the disk is full.
    """
    release, platform = distribution.release, Platform.here()
    site: str = getattr(settings, release.site) if release else ""
    if release is None or not site:
        raise Unreachable("no releases are looked for")
    if str(platform) not in SUPPORTED:
        raise DownloadFailed(f"there is no release for {platform}")
    base = f"{site.rstrip('/')}/{distribution.fill(release.path, platform)}"
    file, checksums = (
        distribution.fill(release.file, platform),
        f"{base}/{distribution.fill(release.checksums, platform)}",
    )
    published = published_sum(get_text(checksums, settings), file, of_it_alone=checksums == f"{base}/{file}.sha256")
    if published is None:
        raise DownloadFailed(f"{checksums} has no sum of {file}")
    # Small ones first: what is missing is found out before a large download.
    plugins = [_plugin(plugin, distribution.name, store, settings, report) for plugin in release.plugins]
    downloaded = store.downloads / file
    expected = Expected(published, checksums)
    _download(distribution.name, distribution.version, f"{base}/{file}", downloaded, expected, settings, report)
    folder = store.begin()
    members = {program: distribution.fill(member, platform) for program, member in release.members.items()}
    files = {program: program for program in distribution.programs}
    if release.whole:
        files = members
        _unpack_whole(downloaded, plugins, folder, release)
    elif members:
        archive.extract_programs(downloaded, members, folder)
        downloaded.unlink()
    else:
        downloaded.chmod(0o755)
        downloaded.replace(folder / distribution.name)
    record = Record(version=distribution.version, origin="release", source=f"{base}/{file}", skipped=skipped)
    return store.commit(folder, record, files)


def _unpack_whole(downloaded: Path, plugins: list[Path], folder: Path, release: Release) -> None:
    archive.extract_tree(downloaded, folder, without_first=True)
    for member in release.members.values():
        if not (folder / member).is_file():
            raise DownloadFailed(f"{downloaded.name} has no {member}")
    for plugin in plugins:
        archive.extract_zip(plugin, folder / PLUGINS)
    for each in (downloaded, *plugins):
        each.unlink()


def _plugin(plugin: Plugin, of: str, store: Store, settings: ComponentSettings, report: Report) -> Path:
    """Download a plugin's archive, checked against the sum in the catalogue."""
    platform = Platform.here()
    entry = f"{settings.grafana_plugins.rstrip('/')}/{plugin.name}/versions/{plugin.version}"
    published = plugin_sum(get_text(entry, settings), platform)
    if published is None:
        raise DownloadFailed(f"{entry} has no sum for {platform}")
    url = f"{entry}/download?os={platform.os}&arch={platform.arch}"
    target = store.downloads / f"{plugin.name}-{plugin.version}.zip"

    def named(at: Progress) -> None:
        report(Progress(of, at.phase, f"{plugin.name} {at.detail}", at.fraction))

    _download(plugin.name, plugin.version, url, target, Expected(published, entry), settings, named)
    return target


def get_go(toolchain: Distribution, store: Store, settings: ComponentSettings, report: Report) -> Cached:
    """Download the official Go toolchain into the cache; raises as `get` does."""
    if not settings.go_releases:
        raise Unreachable("no releases of Go are looked for")
    base, file = settings.go_releases.rstrip("/"), f"go{toolchain.version}.{Platform.here()}.tar.gz"
    published = go_release_sum(get_text(f"{base}/?mode=json&include=all", settings), file)
    if published is None:
        raise DownloadFailed(f"{base} lists no {file}")
    tarball = store.downloads / file
    expected = Expected(published, base)
    _download(toolchain.name, toolchain.version, f"{base}/{file}", tarball, expected, settings, report)
    folder = store.begin()
    archive.extract_tree(tarball, folder)
    tarball.unlink()
    record = Record(version=toolchain.version, origin="release", source=f"{base}/{file}")
    return store.commit(folder, record, {"go": "go/bin/go"})


def _download(
    name: str, version: str, url: str, target: Path, published: Expected, settings: ComponentSettings, report: Report
) -> None:
    """Download a file that must have its publisher's sum and, if it was downloaded before, the sum of then."""
    platform = Platform.here()
    lock = ComponentsLock(settings.lock, settings.components / "components.lock.guard")
    locked = lock.sum_of(name, version, platform)
    expected = [published, Expected(locked, str(settings.lock))] if locked else [published]
    actual = fetch(url, target, expected, settings, _measure(name, report))
    if not locked:
        lock.add(
            Entry(
                component=name,
                version=version,
                os=platform.os,
                arch=platform.arch,
                file=target.name,
                sha256=actual,
            )
        )


def _measure(name: str, report: Report) -> Measure:
    def measure(had: int, total: int | None) -> None:
        megabytes = f"{had / 1e6:.0f} MB" if total is None else f"{had / 1e6:.0f} of {total / 1e6:.0f} MB"
        report(Progress(name, "downloading", megabytes, had / total if total else None))

    return measure
