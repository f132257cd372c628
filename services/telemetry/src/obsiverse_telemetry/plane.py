"""What a data plane of one AWS service is to the app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

from starlette.routing import BaseRoute


class Plane(Protocol):
    """One AWS service's operations; open between `__aenter__` and `__aexit__`."""

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The paths that it answers."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...
