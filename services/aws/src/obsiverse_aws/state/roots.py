"""The dictionaries under which LocalStack (AccountRegionBundle) and moto (BackendDict) keep state, by name.

Whatever refers to one of them, or to an account's or a region's part, is saved as a reference to that name: so a file of
state holds one account of one root, and no copy of another.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from typing import Any

from localstack.services.stores import AccountRegionBundle
from moto.core.base_backend import BackendDict

Root = AccountRegionBundle[Any] | BackendDict[Any]


class NoRoot(TypeError):
    """A root is not a module's variable, so nothing can find it after a restart."""


def named(module: str, name: str) -> Any:
    """The root of a name.

    Raises ImportError, AttributeError.
    """
    return getattr(importlib.import_module(module), name)


def root_name(root: Root) -> tuple[str, str]:
    """The module and the variable that a root is.

    Raises NoRoot.
    """
    if isinstance(root, AccountRegionBundle):
        return store_root(root.store)
    return backend_root(root.backend)


@cache
def store_root(store: type) -> tuple[str, str]:
    """The name of the bundle of a class of stores."""
    return _find(store, AccountRegionBundle, "store")


@cache
def backend_root(backend: type) -> tuple[str, str]:
    """The name of the dictionary of a class of moto's backends."""
    return _find(backend, BackendDict, "backend")


def account_of(module: str, name: str, account: str) -> Any:
    """An account's part of a root; made if need be."""
    return named(module, name)[account]


def _find(member: type, kind: type, attribute: str) -> tuple[str, str]:
    for name, value in vars(sys.modules[member.__module__]).items():
        if isinstance(value, kind) and getattr(value, attribute) is member:
            return member.__module__, name
    raise NoRoot(f"{member.__module__} has no {kind.__name__} of {member.__name__}")
