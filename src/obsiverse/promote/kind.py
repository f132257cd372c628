"""The one seam of promotion: a kind of resource.

A kind stands in a file of its own in `kinds/`, and is found there: nothing else names it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar

from obsiverse.promote.place import Place
from obsiverse.promote.prices import Prices
from obsiverse.promote.resource import Found, Resource
from obsiverse.promote.source import Source


class Kind(ABC):
    """How one kind of resource is made, read and changed.

    Resources come to `read` with references put in, which may be Unknown; to the other methods with all of them known. A method
    may be called again after it was cut off anywhere.

    Attributes:
        name: first part of its resources' keys.
        shared: one that is there and is not ours is used as it is (a role, a bucket); else its name counts as taken.
        marked_late: whether its mark (a tag) comes by a request of its own, so that one without may be ours after a crash.
        actions: what the promoter must be allowed to do for it, as IAM names it.
    """

    name: ClassVar[str]
    shared: ClassVar[bool] = False
    marked_late: ClassVar[bool] = False
    actions: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def desired(self, source: Source) -> Iterable[Resource]:
        """What a target should have, from the checkout and this machine's account."""

    @abstractmethod
    def read(self, place: Place, resource: Resource) -> Found | None:
        """What the target has under the resource's name; None for nothing."""

    @abstractmethod
    def create(self, place: Place, resource: Resource) -> None:
        """Make it."""

    @abstractmethod
    def change(self, place: Place, resource: Resource, found: Found) -> None:
        """Make what was found like the resource."""

    @abstractmethod
    def delete(self, place: Place, resource: Resource) -> None:
        """Delete what promotion made; nothing where it is gone. Called by rollback alone."""

    def wait(self, place: Place, resource: Resource) -> None:  # noqa: B027 - most are in force at once
        """Wait until it is in force. Raises NotInTime, PromoteError where it failed."""

    def remark(self, place: Place, resource: Resource) -> str:
        """What a plan should tell of one that would be made."""
        return ""

    def others(self, place: Place, wanted: Sequence[Resource]) -> Iterable[str]:
        """Names of what is beside the wanted ones, in what is ours, and nobody asked for."""
        return ()

    def cost(self, resource: Resource, prices: Prices) -> float:
        """Dollars an hour at list prices, for what it costs by the hour."""
        return 0.0
