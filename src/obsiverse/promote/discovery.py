"""Finding the classes of a folder: what joins does so by standing there."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Sequence


def instances[T](package: str, path: Sequence[str], base: type[T]) -> Iterator[T]:
    """One of each class of a package's modules that is of a base, by the modules' names."""
    for module in sorted(pkgutil.iter_modules(path), key=lambda one: one.name):
        loaded = importlib.import_module(f"{package}.{module.name}")
        for member in vars(loaded).values():
            ours = inspect.isclass(member) and member.__module__ == loaded.__name__
            if ours and issubclass(member, base) and not inspect.isabstract(member):
                yield member()
