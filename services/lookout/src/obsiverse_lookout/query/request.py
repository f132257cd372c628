"""A query as /api/ds/query brings it, and what can go wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from obsiverse_lookout.query.interval import DEFAULT_POINTS
from obsiverse_lookout.query.time_range import TimeRange


class QueryError(Exception):
    """What one query came to instead of frames; the other queries of a request live on.

    Args:
        status: HTTP's, as if the query had been alone.
        source: `downstream` where the data source is to blame, `plugin` where the query is.
    """

    def __init__(self, status: int, message: str, source: str = "downstream") -> None:
        super().__init__(message)
        self.status = status
        self.source = source


@dataclass(frozen=True)
class Query:
    """One query.

    Attributes:
        model: what is in it besides, in the data source's own words.
        interval: milliseconds between points that the panel asks for.
        points: how many fit into the panel.
        alone: no other query of the request goes to a data source.
    """

    ref_id: str
    model: Mapping[str, Any]
    over: TimeRange
    interval: int = 1000
    points: int = DEFAULT_POINTS
    alone: bool = True

    def text(self, key: str, default: str = "") -> str:
        """A text of the model; raises QueryError 400 where it is something else."""
        value = self.model.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise QueryError(400, f"{key} of query {self.ref_id} is not a text", "plugin")
        return value
