"""The environment a task's program sees: what its spec names, and a little of the machine's; nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from obsiverse.agent.errors import naming_full_disk
from obsiverse.agent.spec import Spec

TASK = "OBSIVERSE_TASK"
MARK = "OBSIVERSE_STATE_MARK"
INHERITED = (
    "HOME",
    "PATH",
    "LANG",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "PIP_CERT",
)


def environment(
    task: str,
    spec: Spec,
    *,
    mark: str,
    root: Path,
    ports: Sequence[tuple[int, int]],
    own: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """A program's whole environment; makes the folders of the spec's `paths`.

    Args:
        mark: names the agent, so that what it started can be found again.
        root: folder under which `paths` stand.
        ports: (container, host) of the task.
        own: the agent's environment.

    Raises:
        DiskFull: a folder of `paths` could not be made.
    """
    found = {name: own[name] for name in INHERITED if name in own} | spec.env
    hosts = dict(ports)
    for port in spec.ports:
        if port.env:
            found[port.env] = str(hosts[port.container])
    for inner, variable in spec.paths.items():
        place = root / inner.lstrip("/")
        with naming_full_disk(str(place)):
            place.mkdir(parents=True, exist_ok=True)
        found[variable] = str(place)
    return found | {TASK: task, MARK: mark}
