"""Which path of a workspace is which one of its Prometheus or its Alertmanager.

The paths: "Prometheus-compatible APIs" of the Amazon Managed Service for Prometheus user guide.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

_READ = frozenset({"GET", "HEAD"})
_QUERY = _READ | {"POST"}

_PATHS: dict[str, tuple[frozenset[str], str | None]] = {
    "api/v1/remote_write": (frozenset({"POST"}), "api/v1/write"),
    "api/v1/query": (_QUERY, None),
    "api/v1/query_range": (_QUERY, None),
    "api/v1/labels": (_QUERY, None),
    "api/v1/series": (_QUERY, None),
    "api/v1/rules": (_READ, None),
    "api/v1/alerts": (_READ, None),
    "api/v1/metadata": (_READ, None),
    # AWS's guide has no such operation. Here it leads from a latency to the traces behind it, and Prometheus has them anyway.
    "api/v1/query_exemplars": (_QUERY, None),
}
# As the path was sent: what is encoded stays so, hence a name can't hold a slash that leads elsewhere.
_LABEL_VALUES = re.compile(r"api/v1/label/(?!\.{1,2}/)[^/]+/values")
_ALERTMANAGER = re.compile(
    r"alertmanager/(?P<path>api/v2/(status|receivers|alerts|alerts/groups|silences|silence/(?!\.{1,2}$)[^/]+))"
)
_ALERTMANAGER_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE"})


class Target(NamedTuple):
    """Which of a workspace's programs answers, and at what path."""

    program: Literal["prometheus", "alertmanager"]
    path: str


def find(method: str, path: str) -> Target | None:
    """The target of a request; None where AWS has no such operation.

    Args:
        path: what follows the workspace's id in the path as it was sent, without the first slash.
    """
    known = _PATHS.get(path)
    if known is not None:
        methods, elsewhere = known
        return Target("prometheus", elsewhere or path) if method in methods else None
    if _LABEL_VALUES.fullmatch(path):
        return Target("prometheus", path) if method in _READ else None
    alertmanager = _ALERTMANAGER.fullmatch(path)
    if alertmanager is not None and method in _ALERTMANAGER_METHODS:
        return Target("alertmanager", alertmanager["path"])
    return None
