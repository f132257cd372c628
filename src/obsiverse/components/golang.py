"""Building programs from our pinned Go modules."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from obsiverse.components import process
from obsiverse.components.catalog import Distribution, Module
from obsiverse.components.errors import BuildFailed, ComponentError, NoSpace, ToolMissing
from obsiverse.components.progress import Progress, Report
from obsiverse.components.settings import ComponentSettings

# `go build -v` names each package once it is compiled.
_PACKAGE = re.compile(r"[\w.~-]+(/[\w.~-]+)*")
_SHOWN_LINES = 20


def module_files(folder: Path) -> list[Path]:
    """The files of a module of ours that decide what is built."""
    return sorted(path for path in folder.iterdir() if path.name in ("go.mod", "go.sum") or path.suffix == ".go")


def build_key(module: Module, settings: ComponentSettings) -> str:
    """A short hash of all that decides what a build gives, except the compiler.

    Its version goes into the record instead: a newer Go makes nobody wait for the same programs again.

    Raises:
        ComponentError: the module's folder is missing.
    """
    digest = hashlib.sha256(repr((sorted(module.packages.items()), module.tags, module.version_variable)).encode())
    try:
        for path in module_files(settings.checkout / module.folder):
            digest.update(f"\n{path.name}\n".encode())
            digest.update(path.read_bytes())
    except OSError as error:
        raise ComponentError(
            f"{settings.checkout / module.folder} can't be read: {error.strerror}", "Restore it from version control."
        ) from error
    return digest.hexdigest()[:12]


def required_go(folder: Path) -> tuple[int, ...]:
    """The Go version that a module's go.mod asks for."""
    found = re.search(r"^go (\d+(?:\.\d+)+)$", (folder / "go.mod").read_text(), re.MULTILINE)
    return _numbers(found[1]) if found else (1, 21)


def version_of(go: Path) -> str:
    """A toolchain's own version, for example `1.26.8`; empty if it does not answer."""
    # GOTOOLCHAIN=local: what is here, not what it would fetch.
    environment = {**go_environment(), "GOTOOLCHAIN": "local"}
    try:
        done = subprocess.run(
            [go, "env", "GOVERSION"], capture_output=True, text=True, check=False, timeout=20, env=environment, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().removeprefix("go").split(" ")[0]


def go_on_path(minimum: tuple[int, ...]) -> Path | str:
    """The `go` on PATH if it is new enough, else why not."""
    found = shutil.which("go")
    if found is None:
        return "no go on PATH"
    version = version_of(Path(found))
    if not version or _numbers(version) < minimum:
        return f"{found} is version {version or 'unknown'}, {'.'.join(map(str, minimum))} or newer is needed"
    return Path(found)


def go_environment() -> dict[str, str]:
    """The user's environment as Go needs it: for this machine, without C."""
    environment = {k: v for k, v in os.environ.items() if k not in ("GOOS", "GOARCH", "GOWORK")}
    return environment | {"CGO_ENABLED": "0", "GOWORK": "off"}


def build(
    distribution: Distribution,
    go: Path,
    work: Path,
    settings: ComponentSettings,
    report: Report,
    *,
    keep_open: tuple[int, ...] = (),
) -> None:
    """Compile a distribution's programs into the folder `work`.

    The module is copied first: the checkout may be read-only, and go must not change it.

    Raises:
        BuildFailed: the compiler's last lines say why.
        Cancelled: `interrupt()` was called.
        NoSpace: the disk is full.
    """
    module = distribution.module
    if module is None:
        raise ToolMissing(f"{distribution.name} can't be built")
    sources = work / "src"
    try:
        sources.mkdir()
        for path in module_files(settings.checkout / module.folder):
            shutil.copy(path, sources)
    except OSError as error:
        raise NoSpace(work, error) from error
    environment = go_environment()
    if not os.environ.get("HOME"):
        environment = {"GOCACHE": str(settings.cache / "go-build"), "GOPATH": str(settings.cache / "go"), **environment}
    # -s -w leave debugging tables out: half the size. -trimpath keeps folders of this machine out.
    flags = f"-s -w -X {module.version_variable}={distribution.version}" if module.version_variable else "-s -w"
    command = [go, "build", "-v", "-mod=readonly", "-trimpath", f"-ldflags={flags}"]
    command += [f"-tags={module.tags}"] if module.tags else []
    # One call for all: they are linked side by side. Given a folder, go names each after the end of its package, which
    # for a lone package may be another name than the program's.
    command += ["-o", f"{work}/" if len(module.packages) > 1 else work / distribution.name, *module.packages.values()]
    watch = _Watch(distribution.name, report)
    code, lines = process.run(command, cwd=sources, environment=environment, on_line=watch, keep_open=keep_open)
    if code != 0:
        _raise(distribution.name, lines)
    shutil.rmtree(sources, ignore_errors=True)


class _Watch:
    """Turns the compiler's lines into progress."""

    def __init__(self, program: str, report: Report) -> None:
        self._program = program
        self._report = report
        self._compiled = 0
        self("")

    def __call__(self, line: str) -> None:
        if line.startswith("go: downloading "):
            self._report(Progress(self._program, "downloading", line.removeprefix("go: downloading ")))
            return
        if line and _PACKAGE.fullmatch(line):
            self._compiled += 1
        self._report(Progress(self._program, "building", f"{self._compiled} packages compiled"))


def _raise(program: str, lines: list[str]) -> None:
    told = [line for line in lines if not _PACKAGE.fullmatch(line) and not line.startswith("go: downloading ")]
    text = "\n".join(told[-_SHOWN_LINES:])
    if "no space left on device" in text:
        hint = "Free some space; Go keeps its cache where `go env GOCACHE` says."
    elif re.search(r"dial tcp|no such host|i/o timeout|connection refused", text):
        hint = "The Go module proxy can't be reached: check the network, or name another one in GOPROXY."
    else:
        hint = "`go clean -cache` and another try help where Go's cache is broken."
    raise BuildFailed(f"{program} could not be built:\n{text}", hint)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", version.split("-")[0])[:3])
