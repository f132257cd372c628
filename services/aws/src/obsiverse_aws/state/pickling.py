"""Live objects of LocalStack and moto to bytes and back, with the pickler in C.

That one runs without giving up the interpreter lock as long as it meets no reducer in Python, so what it writes is of one
moment, and no request waits for a lock of ours. LocalStack's own pickler (dill) is in Python: ten times slower, and others
change what it walks through meanwhile. It still serves what C's can't write, which is functions without a name.
"""

from __future__ import annotations

import copyreg
import io
import operator
import pickle
import queue
import threading
from collections import defaultdict
from collections.abc import Callable
from types import FunctionType
from typing import Any

import dill
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import Certificate, load_der_x509_certificate
from localstack.services.stores import AccountRegionBundle, BaseStore, RegionBundle
from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend

from obsiverse_aws.state.roots import account_of, backend_root, named, root_name, store_root

Reducer = Callable[[Any], Any]

ATTEMPTS = 20
LOCK, RLOCK = type(threading.Lock()), type(threading.RLock())
KEYS = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)


def dumps(value: Any) -> bytes:
    """A value's bytes.

    Raises pickle.PicklingError, TypeError, or RuntimeError where it never stood still for long enough.
    """
    for attempt in range(ATTEMPTS):
        try:
            return _dumps(_Pickler, value)
        except (pickle.PicklingError, AttributeError):
            return _dumps(_FunctionPickler, value)
        except RuntimeError:
            # A collection changed while a reducer in Python gave others a turn.
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError


def loads(content: bytes) -> Any:
    """The value of some bytes, which this program wrote."""
    return pickle.loads(content)  # noqa: S301 - the data folder is the edge's own


def _dumps(pickler: type[pickle.Pickler], value: Any) -> bytes:
    out = io.BytesIO()
    pickler(out, protocol=5).dump(value)
    return out.getvalue()


class _Reducers(dict[type, Reducer]):
    """Which function takes apart objects of a class; found at the first object, so that nearly all are taken apart in C."""

    def __missing__(self, cls: type) -> Reducer:
        self[cls] = found = copyreg.dispatch_table.get(cls) or _reducer(cls)
        return found


def _reducer(cls: type) -> Reducer:
    if issubclass(cls, type):
        # A class of a metaclass; a string is a name to be found by.
        return operator.attrgetter("__qualname__")
    for base, reducer in BY_BASE.items():
        if issubclass(cls, base):
            return reducer
    if issubclass(cls, defaultdict) and cls.__init__ is not defaultdict.__init__:
        return _reduce_defaultdict
    return operator.methodcaller("__reduce_ex__", 5)


def _fresh(make: Callable[[], Any]) -> Reducer:
    """A reducer for what has no state worth keeping. A lock that is held would be restored as held, for ever."""

    def reduce(_: Any) -> Any:
        return make, ()

    return reduce


def _nothing() -> None:
    return None


def _reduce_queue(value: queue.Queue[Any]) -> Any:
    waiting = list(value.queue)
    kept = {"unfinished_tasks": value.unfinished_tasks}
    return _restore_queue, (type(value), value.maxsize, waiting, kept)


def _restore_queue(cls: type[queue.Queue[Any]], maxsize: int, waiting: list[Any], kept: dict[str, Any]) -> Any:
    restored = cls(maxsize)
    # In the order of the heap that it was.
    restored.queue.extend(waiting)
    restored.__dict__.update(kept)
    return restored


def _reduce_defaultdict(value: defaultdict[Any, Any]) -> Any:
    return _restore_defaultdict, (type(value), value.default_factory), vars(value), None, iter(value.items())


def _restore_defaultdict(cls: type[defaultdict[Any, Any]], factory: Any) -> Any:
    restored = cls.__new__(cls)
    restored.default_factory = factory
    return restored


def _reduce_key(key: Any) -> Any:
    plain = serialization.NoEncryption()
    content = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, plain)
    return _restore_key, (content,)


def _restore_key(content: bytes) -> Any:
    return serialization.load_der_private_key(content, None)


def _reduce_certificate(certificate: Certificate) -> Any:
    return _restore_certificate, (certificate.public_bytes(serialization.Encoding.DER),)


def _restore_certificate(content: bytes) -> Certificate:
    return load_der_x509_certificate(content)


def _reduce_root(value: Any) -> Any:
    return named, root_name(value)


def _reduce_account(value: RegionBundle[Any] | AccountSpecificBackend[Any]) -> Any:
    return account_of, (*_root_of_account(value), value.account_id)


def _root_of_account(value: Any) -> tuple[str, str]:
    return store_root(value.store) if isinstance(value, RegionBundle) else backend_root(value.backend)


def _reduce_backend(value: BaseBackend) -> Any:
    return operator.getitem, (_account(backend_root(type(value)), value.account_id), value.region_name)


def _reduce_store(value: BaseStore) -> Any:
    # LocalStack's own names for where a store is have an underscore.
    account, region = value._account_id, value._region_name  # pyright: ignore[reportPrivateUsage]
    return operator.getitem, (_account(store_root(type(value)), account), region)


def _account(root: tuple[str, str], account: str) -> Any:
    return account_of(*root, account)


BY_BASE: dict[type, Reducer] = {
    LOCK: _fresh(threading.Lock),
    RLOCK: _fresh(threading.RLock),
    threading.Condition: _fresh(threading.Condition),
    threading.Event: _fresh(threading.Event),
    threading.Thread: _fresh(_nothing),
    queue.Queue: _reduce_queue,
    BackendDict: _reduce_root,
    AccountRegionBundle: _reduce_root,
    RegionBundle: _reduce_account,
    AccountSpecificBackend: _reduce_account,
    BaseBackend: _reduce_backend,
    BaseStore: _reduce_store,
    **dict.fromkeys(KEYS, _reduce_key),
    Certificate: _reduce_certificate,
}


class _Pickler(pickle.Pickler):
    dispatch_table = _Reducers()  # pyright: ignore[reportIncompatibleVariableOverride, reportAssignmentType]


class _FunctionPickler(_Pickler):
    """Also writes functions that have no name to be found by. Python code for each object, so not the first choice."""

    def reducer_override(self, obj: Any, /) -> Any:
        if isinstance(obj, FunctionType) and ("<" in obj.__qualname__ or obj.__module__ == "__main__"):
            return dill.loads, (dill.dumps(obj),)
        return NotImplemented
