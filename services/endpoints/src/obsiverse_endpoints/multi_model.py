"""Multi-model endpoints: a model is loaded when it is first asked for, and unloaded where memory is short.

The container's API: https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from hashlib import sha256
from time import perf_counter
from typing import Protocol
from weakref import WeakKeyDictionary

import structlog

from obsiverse_endpoints.balancing import Instance
from obsiverse_endpoints.errors import ModelError
from obsiverse_endpoints.exchange import Exchange
from obsiverse_endpoints.routes import RouteKey
from obsiverse_endpoints.upstream import Answer, Upstream

LOADED, NO_MEMORY = 409, 507
_log = structlog.get_logger()
Measure = Callable[[RouteKey, str, str, float], None]
"""Called with an endpoint, a variant, the name of a CloudWatch metric and a value of it."""


class ModelSource(Protocol):
    """Puts models where containers find them."""

    async def place(self, key: RouteKey, instance: str, model: str) -> str:
        """Bring a model's files to an instance; the path inside its container. Raises AwsError."""
        ...


class Models:
    """Loads and unloads them."""

    def __init__(self, upstream: Upstream, source: ModelSource, measure: Measure) -> None:
        self._upstream = upstream
        self._source = source
        self._measure = measure
        self._loading: WeakKeyDictionary[Instance, asyncio.Lock] = WeakKeyDictionary()

    async def url(self, exchange: Exchange, instance: Instance, model: str) -> str:
        """Where a model is asked, once the instance has loaded it.

        Raises UpstreamError, AwsError.
        """
        assert exchange.variant is not None
        began = perf_counter()
        hit = model in instance.models
        if not hit:
            async with self._loading.setdefault(instance, asyncio.Lock()):
                if model not in instance.models:
                    await self._load(exchange, instance, model)
        instance.models.move_to_end(model)
        self._measure(exchange.key, exchange.variant.name, "ModelCacheHit", float(hit))
        self._measure(exchange.key, exchange.variant.name, "ModelLoadingWaitTime", (perf_counter() - began) * 1e6)
        return f"{self._base(instance)}/{_name(model)}/invoke"

    def forget(self, instance: Instance, model: str) -> None:
        """A container says that it has no such model: it was started again."""
        instance.models.pop(model, None)

    async def _load(self, exchange: Exchange, instance: Instance, model: str) -> None:
        assert exchange.variant is not None
        place = exchange.key, exchange.variant.name
        began = perf_counter()
        path = await self._source.place(exchange.key, instance.document.id, model)
        downloaded = perf_counter()
        self._measure(*place, "ModelDownloadingTime", (downloaded - began) * 1e6)
        while True:
            answer = await self._post(instance, {"model_name": _name(model), "url": path})
            if answer.status == NO_MEMORY and await self._unload(exchange, instance):
                continue
            break
        if not (200 <= answer.status < 300 or answer.status == LOADED):
            raise ModelError(*exchange.key, answer.status, answer.body.decode("utf-8", "replace"))
        self._measure(*place, "ModelLoadingTime", (perf_counter() - downloaded) * 1e6)
        instance.models[model] = None
        _log.info("model loaded", **exchange.key._asdict(), instance=instance.document.id, model=model)

    async def _unload(self, exchange: Exchange, instance: Instance) -> bool:
        """Make room: unload the model that was not used for longest. False where there is none."""
        if not instance.models or exchange.variant is None:
            return False
        began = perf_counter()
        model, _ = instance.models.popitem(last=False)
        await self._upstream.delete(f"{self._base(instance)}/{_name(model)}")
        self._measure(exchange.key, exchange.variant.name, "ModelUnloadingTime", (perf_counter() - began) * 1e6)
        _log.info("model unloaded", **exchange.key._asdict(), instance=instance.document.id, model=model)
        return True

    async def _post(self, instance: Instance, document: dict[str, str]) -> Answer:
        body = json.dumps(document).encode()
        return await self._upstream.post(self._base(instance), body, {"Content-Type": "application/json"})

    @staticmethod
    def _base(instance: Instance) -> str:
        return f"{next(iter(instance.urls.values()))}/models"


def _name(model: str) -> str:
    """What the container calls a model: its key in S3 may hold anything."""
    return sha256(model.encode()).hexdigest()[:32]
