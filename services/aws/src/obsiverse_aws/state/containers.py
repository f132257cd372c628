"""What a service holds, account by account: the roots that it names to a visitor, taken apart and put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localstack.services.plugins import Service
from localstack.services.stores import AccountRegionBundle, BaseStore
from localstack.state import StateVisitor
from moto.core.base_backend import BackendDict, backend_lock

from obsiverse_aws.state.roots import Root, root_name

SHARED = "shared"
"""Where an account's id would stand: what a bundle keeps for all accounts."""

PLACE = ("_global", "_universal", "_service_name", "_account_id", "_region_name")


@dataclass(frozen=True, eq=False)
class Container:
    """A root of a service.

    Attributes:
        service: the API that it belongs to, which need not be the one that visits it.
        name: its variable.
    """

    root: Root
    service: str
    name: str

    @property
    def accounts(self) -> list[str]:
        """The accounts that have state in it, and SHARED where there is such."""
        universal = isinstance(self.root, AccountRegionBundle) and self.root._universal  # pyright: ignore[reportPrivateUsage]
        return [*list(self.root), *([SHARED] if universal else [])]

    def extract(self, account: str) -> Any:
        """An account's state: the live objects, in new dictionaries down to the attributes of each region's store."""
        if isinstance(self.root, BackendDict):
            return {region: dict(vars(backend)) for region, backend in list(dict.get(self.root, account, {}).items())}
        if account == SHARED:
            return self.root._universal  # pyright: ignore[reportPrivateUsage]
        bundle = dict.get(self.root, account)
        if bundle is None:
            return {"global": {}, "regions": {}}
        regions = {region: _attributes(store) for region, store in list(bundle.items())}
        return {"global": bundle._global, "regions": regions}  # pyright: ignore[reportPrivateUsage]

    def inject(self, account: str, state: Any) -> None:
        """Put back what extract gave."""
        if isinstance(self.root, BackendDict):
            self._inject_backends(self.root, account, state)
        elif account == SHARED:
            self.root._universal.clear()  # pyright: ignore[reportPrivateUsage]
            self.root._universal.update(state)  # pyright: ignore[reportPrivateUsage]
        else:
            bundle = self.root[account]
            bundle._global.clear()  # pyright: ignore[reportPrivateUsage]
            bundle._global.update(state["global"])  # pyright: ignore[reportPrivateUsage]
            for region, attributes in state["regions"].items():
                vars(bundle[region]).update(attributes)

    @staticmethod
    def _inject_backends(root: BackendDict[Any], account: str, state: dict[str, dict[str, Any]]) -> None:
        with backend_lock:
            backends = root[account]
            for region, attributes in state.items():
                # Not through the constructor, which in EC2 makes a VPC and much else. One that someone holds already is
                # filled, not replaced.
                backend = dict.get(backends, region)
                if backend is None:
                    backend = object.__new__(root.backend)
                    dict.__setitem__(backends, region, backend)
                vars(backend).clear()
                vars(backend).update(attributes)

    def forget(self, account: str) -> None:
        """Empty it of an account."""
        if isinstance(self.root, BackendDict):
            with backend_lock:
                self.root.pop(account, None)
        elif (bundle := dict.get(self.root, account)) is not None:
            bundle.reset()


class _Collector(StateVisitor):
    def __init__(self) -> None:
        self.roots: list[Root] = []

    def visit(self, state_container: Any) -> None:
        if isinstance(state_container, AccountRegionBundle | BackendDict):
            self.roots.append(state_container)


def containers(service: Service) -> list[Container]:
    """A service's roots. Its folders (AssetDirectory) are left out: they are on disk as it is."""
    collector = _Collector()
    service.accept_state_visitor(collector)
    return [Container(root, root.service_name, root_name(root)[1]) for root in collector.roots]


def _attributes(store: BaseStore) -> dict[str, Any]:
    return {name: value for name, value in list(vars(store).items()) if name not in PLACE}
