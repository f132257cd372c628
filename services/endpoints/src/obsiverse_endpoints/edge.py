"""What the edge does for this service."""

from __future__ import annotations

import json

from obsiverse_dataplane.errors import ServiceUnavailable

from obsiverse_endpoints.errors import ValidationError
from obsiverse_endpoints.routes import RouteKey
from obsiverse_endpoints.upstream import Upstream, UpstreamError

OK = 200


class Edge:
    """The edge at an address, host:port."""

    def __init__(self, upstream: Upstream, address: str) -> None:
        self._upstream = upstream
        self._url = f"http://{address}/_obsiverse"

    async def place(self, key: RouteKey, instance: str, model: str) -> str:
        """Have a model's files brought to an instance of a multi-model endpoint; the path inside its container.

        Raises ValidationError where there is no such model, ServiceUnavailable where the edge does not answer.
        """
        asked = {**key._asdict(), "instance": instance, "model": model}
        try:
            answer = await self._upstream.post(
                f"{self._url}/sagemaker/models", json.dumps(asked).encode(), {"Content-Type": "application/json"}
            )
        except UpstreamError as error:
            raise ServiceUnavailable(f"Model {model} can't be loaded: the edge does not answer ({error}).") from error
        found = json.loads(answer.body)
        if answer.status != OK:
            raise ValidationError(found["message"])
        return found["path"]
