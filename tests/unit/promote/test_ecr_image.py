"""Pushing to ECR through a Docker engine. The engine is a stand-in that records what it is asked and pushes to moto."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest

from obsiverse.promote.errors import Stopped
from tests.unit.promote.account import ACCOUNT, Moved

KEY = "ecr-image/obsiverse/model:latest"
REGISTRY = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
OLD, NEW = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
_PUSH = re.compile(r"^/v[0-9.]+/images/(?P<repository>.+)/push$")
_TAG = re.compile(r"^/v[0-9.]+/images/(?P<image>.+)/tag$")
_INSPECT = re.compile(r"^/v[0-9.]+/images/(?P<image>.+)/json$")


def put(identity: str, tag: str = "latest") -> None:
    """What a push leaves in a registry."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": identity},
        "layers": [],
    }
    boto3.client("ecr", "eu-west-1").put_image(
        repositoryName="obsiverse/model", imageManifest=json.dumps(manifest), imageTag=tag
    )


def there(tag: str = "latest") -> str | None:
    """The id of the image in the target."""
    answer = boto3.client("ecr", "eu-west-1").batch_get_image(
        repositoryName="obsiverse/model", imageIds=[{"imageTag": tag}]
    )
    return json.loads(answer["images"][0]["imageManifest"])["config"]["digest"] if answer["images"] else None


class Engine(ThreadingMixIn, UnixStreamServer):
    """What of a Docker engine's API pushing needs.

    Attributes:
        images: ids by name.
        logins: user and password of each push.
        refuses: what it says instead of pushing.
    """

    daemon_threads = True

    def __init__(self, socket: Path) -> None:
        super().__init__(str(socket), _Handler)
        self.images = {"obsiverse/model:latest": OLD}
        self.logins: list[dict[str, str]] = []
        self.refuses = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Engine  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's
        pass

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.endswith("/version"):
            return self._answer(200, {"Version": "28.0.0", "ApiVersion": "1.41"})
        found = _INSPECT.match(path)
        if found and found["image"] in self.server.images:
            return self._answer(200, {"Id": self.server.images[found["image"]]})
        return self._answer(404, {"message": f"No such image: {path}"})

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), {name: one for name, [one] in parse_qs(parts.query).items()}
        if found := _TAG.match(path):
            self.server.images[f"{query['repo']}:{query['tag']}"] = found["image"]
            return self._answer(201)
        if not (found := _PUSH.match(path)):
            return self._answer(404, {"message": "page not found"})
        self.server.logins.append(json.loads(base64.urlsafe_b64decode(self.headers["X-Registry-Auth"])))
        if self.server.refuses:
            return self._answer(200, {"errorDetail": {"message": self.server.refuses}, "error": self.server.refuses})
        assert found["repository"] == f"{REGISTRY}/obsiverse/model"
        put(self.server.images[f"{found['repository']}:{query['tag']}"], query["tag"])
        return self._answer(200, {"status": "Pushed"}, {"aux": {"Tag": query["tag"], "Size": 1}})

    def address_string(self) -> str:
        return "a socket has none"

    def _answer(self, status: int, *events: Any) -> None:
        """A stream of events, in chunks as the engine sends it."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            line = json.dumps(event).encode() + b"\r\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")


@pytest.fixture
def engine(moved: Moved, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    socket = tmp_path / "docker.sock"
    with Engine(socket) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
        yield server
        server.shutdown()


def pushing(moved: Moved) -> Moved:
    """The same promotion, planned anew, with images pushed."""
    return Moved(moved.session.journal.file.parent, push_images=True)


def test_an_image_is_pushed_with_the_registrys_password_before_the_model_and_kept(moved: Moved, engine: Engine):
    done = pushing(moved).apply()
    model = next(key for key in done if key.startswith("sagemaker-model/"))
    assert done.index(KEY) < done.index(model)
    assert there() == OLD
    [login] = engine.logins
    assert login["username"] == "AWS"
    journal = moved.session.journal.file.read_text()
    assert OLD in journal
    assert login["password"] not in journal
    assert not pushing(moved).session.plan().changes


def test_an_image_that_was_built_again_is_pushed_again_and_rollback_restores_the_one_before(
    moved: Moved, engine: Engine
):
    pushing(moved).apply()
    engine.images["obsiverse/model:latest"] = NEW
    assert pushing(moved).apply() == [KEY]
    assert there() == NEW
    pushing(moved).roll_back()
    assert there() == OLD


def test_an_image_that_somebody_else_pushed_is_used_as_it_is(moved: Moved, engine: Engine):
    boto3.client("ecr", "eu-west-1").create_repository(repositoryName="obsiverse/model")
    put(NEW)
    again = pushing(moved)
    step = again.session.plan().steps[KEY]
    assert step.action == "use"
    assert "another image than this machine's" in step.note
    assert KEY not in again.apply()
    assert there() == NEW


def test_rollback_takes_the_image_out_so_that_its_repository_can_go(moved: Moved, engine: Engine):
    pushing(moved).apply()
    pushing(moved).roll_back()
    assert boto3.client("ecr", "eu-west-1").describe_repositories()["repositories"] == []


def test_what_replaced_our_image_is_not_deleted_by_rollback(moved: Moved, engine: Engine):
    pushing(moved).apply()
    put(NEW)
    with pytest.raises(Stopped, match="not ours any more"):
        pushing(moved).roll_back()
    assert there() == NEW


def test_a_push_that_is_refused_says_what_permission_is_missing(moved: Moved, engine: Engine):
    arn = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/obsiverse/model"
    engine.refuses = (
        f"denied: User: arn:aws:iam::{ACCOUNT}:user/ci is not authorized to perform: ecr:InitiateLayerUpload"
        f" on resource: {arn} because no identity-based policy allows the ecr:InitiateLayerUpload action"
    )
    with pytest.raises(Stopped, match="pushing obsiverse/model:latest: denied") as stopped:
        pushing(moved).apply()
    assert f'"Action": "ecr:InitiateLayerUpload", "Resource": "{arn}"' in stopped.value.hint
    assert any(key.startswith("sagemaker-model/") for key in stopped.value.left)
    engine.refuses = ""
    assert KEY in pushing(moved).apply()


@pytest.mark.parametrize("gone", ["image", "engine"])
def test_without_engine_or_image_the_plan_says_so_and_an_apply_what_to_run(
    moved: Moved, engine: Engine, gone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    engine.images.clear()
    reason = "has no image"
    if gone == "engine":
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
        reason = "does not answer"
    again = pushing(moved)
    assert reason in again.session.plan().steps[KEY].note
    with pytest.raises(Stopped, match=reason) as stopped:
        again.apply()
    assert f"--region eu-west-1 | docker login --username AWS --password-stdin {REGISTRY} " in stopped.value.hint
    assert f"docker push {REGISTRY}/obsiverse/model:latest" in stopped.value.hint
    # Pushed by hand, it goes on.
    put(NEW)
    done = pushing(moved).apply()
    assert "sagemaker-endpoint/clinical" in done
    assert KEY not in done


@pytest.mark.parametrize("there_is_one", [True, False])
def test_without_endpoints_the_model_container_is_pushed_where_there_is_one(
    moved: Moved, engine: Engine, there_is_one: bool
):
    if not there_is_one:
        engine.images.clear()
    done = Moved(moved.session.journal.file.parent, push_images=True, endpoints=()).apply()
    assert (KEY in done) is there_is_one
