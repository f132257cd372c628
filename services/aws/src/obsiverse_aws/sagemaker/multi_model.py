"""Models of multi-model endpoints, brought to an instance when the data plane asks for one.

https://docs.aws.amazon.com/sagemaker/latest/dg/multi-model-endpoints.html
"""

from __future__ import annotations

import json
import logging
from hashlib import sha256
from typing import Any

from localstack.http import Request, Response, Router
from obsiverse_client import AgentClient, AgentError, AgentUnreachable

from obsiverse_aws.clients import Clients
from obsiverse_aws.sagemaker.artifacts import ArtifactError, ModelArchives
from obsiverse_aws.sagemaker.models import Container, Endpoint
from obsiverse_aws.store import Gone, Key, Store

PATH = "/_obsiverse/sagemaker/models"
_log = logging.getLogger(__name__)


class MultiModel:
    """Puts an archive of those below a container's ModelDataUrl into its task."""

    def __init__(self, store: Store, agent: AgentClient, archives: ModelArchives) -> None:
        self._store = store
        self._agent = agent
        self._archives = archives

    def add_routes(self, router: Router[Any]) -> None:
        """Have the edge answer the data plane."""
        router.add(PATH, self.place, methods=["POST"])

    def place(self, request: Request) -> Response:
        """Bring a model to an instance; its folder in the container as `path`, or a `message` and AWS's status."""
        asked: dict[str, str] = json.loads(request.get_data())
        try:
            endpoint = self._store.get(Endpoint, Key(asked["account"], asked["region"], asked["endpoint"]))
            container, task = _find(endpoint, asked["instance"])
            folder = f"/opt/ml/models/{sha256(asked['model'].encode()).hexdigest()[:32]}/model"
            self._put(endpoint, container, task, asked["model"], folder)
        except (Gone, LookupError) as error:
            return _answer(400, message=f"No instance to load the model on: {error}")
        except ArtifactError as error:
            return _answer(400, message=str(error))
        except (AgentError, AgentUnreachable) as error:
            _log.warning("%s can't be loaded: %s", asked["model"], error)
            return _answer(503, message=str(error))
        return _answer(200, path=folder)

    def _put(self, endpoint: Endpoint, container: Container, task: str, model: str, folder: str) -> None:
        assert container.model_data is not None
        uri = f"{container.model_data.rstrip('/')}/{model.lstrip('/')}"
        # A copy for the time of the transfer: what is under the prefix may be changed, and is read again.
        copy = f"{container.archive}-{sha256(model.encode()).hexdigest()[:16]}"
        try:
            self._archives.fetch(Clients(endpoint.account, endpoint.region).s3, uri, copy)
            with self._archives.open(copy, uri) as tar:
                self._agent.put_archive(task, folder, tar)
        finally:
            self._archives.drop([copy])


def _find(endpoint: Endpoint, instance: str) -> tuple[Container, str]:
    for variant, one in (*endpoint.kept(), *endpoint.wanted()):
        if one.id == instance:
            for container, task in zip(variant.containers, one.tasks, strict=True):
                if container.multi_model:
                    return container, task
    raise LookupError(f"endpoint {endpoint.name} has no instance {instance} with many models")


def _answer(status: int, **document: str) -> Response:
    return Response(json.dumps(document), status, {"Content-Type": "application/json"})
