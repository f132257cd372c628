"""MLflow as promotion talks to it. Models are copied for real in tests/stack; here SageMaker's managed server, which nothing emulates."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.awsrequest import AWSResponse

from obsiverse.promote.errors import PromoteError
from obsiverse.promote.kinds import mlflow_model, mlflow_model_version
from obsiverse.promote.kinds.mlflow_tracking_server import MlflowTrackingServer
from obsiverse.promote.mlflow import MLflow, MLflowRefused
from obsiverse.promote.place import Place
from obsiverse.promote.resource import Ref
from obsiverse.promote.session import ROOT
from obsiverse.promote.source import Source
from obsiverse.targets import load_target
from obsiverse.targets.models import Promotion
from tests.unit.promote.memory import ACCOUNT, target

ARN = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:mlflow-tracking-server/scores"


class Servers:
    """SageMaker's tracking servers: answers in the place of requests, which boto3 has validated.

    Attributes:
        statuses: what DescribeMlflowTrackingServer says one after the other; the last one for good.
    """

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)
        self.server: dict[str, Any] | None = None

    def prepare(self, client: Any) -> None:
        client.meta.events.register("before-parameter-build", self._remember)
        client.meta.events.register("before-call", self._answer)

    def _remember(self, params: dict[str, Any], **_: Any) -> None:
        self._given = params

    def _answer(self, model: Any, **_: Any) -> Any:
        given = self._given
        match model.name:
            case "GetCallerIdentity":
                return _ok({"Account": ACCOUNT, "Arn": "arn", "UserId": "u"})
            case "CreateMlflowTrackingServer":
                self.server = dict(given)
                return _ok({"TrackingServerArn": ARN})
            case "DescribeMlflowTrackingServer" if self.server is None:
                error = {"Code": "ResourceNotFound", "Message": "no such server"}
                return AWSResponse("", 400, {}, None), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
            case "DescribeMlflowTrackingServer":
                status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
                said = {**self.server, "TrackingServerArn": ARN, "TrackingServerStatus": status}
                return _ok({**said, "CreationTime": datetime.datetime.now(datetime.UTC)})
            case "ListTags":
                assert self.server
                return _ok({"Tags": self.server["Tags"]})
            case "DeleteMlflowTrackingServer":
                self.server = None
                return _ok({"TrackingServerArn": ARN})
            case other:
                raise AssertionError(f"nobody expects {other}")


def _ok(parsed: dict[str, Any]) -> Any:
    return AWSResponse("", 200, {}, None), {**parsed, "ResponseMetadata": {"HTTPStatusCode": 200}}


def managed(servers: Servers | None = None) -> Place:
    """A target whose MLflow is SageMaker's."""
    return Place(target(mlflow=ARN), prepare=(servers or Servers("Created")).prepare)


def source(folder: Path, **more: Any) -> Source:
    return Source(ROOT, target(**more), Place(load_target("local", {})), folder)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obsiverse.promote.place._FIRST_PAUSE", 0.01)
    monkeypatch.setattr("obsiverse.promote.mlflow._FIRST_PAUSE", 0.01)


def test_a_managed_server_is_made_waited_for_and_deleted(tmp_path: Path):
    servers = Servers("Creating", "Creating", "Created")
    kind, place = MlflowTrackingServer(), managed(servers)
    [wanted] = kind.desired(source(tmp_path, mlflow=ARN))
    assert kind.read(place, wanted) is None
    kind.create(place, wanted)
    assert servers.server and servers.server["ArtifactStoreUri"] == "s3://obsiverse-stage/mlflow"
    beginning = kind.read(place, wanted)
    # Nothing is asked of it, and so nothing known of its models, before it is ready.
    assert beginning and not beginning.ready and beginning.attributes == {}
    kind.wait(place, wanted)
    found = kind.read(place, wanted)
    assert found and found.ready and found.ours and found.properties == wanted.properties
    assert found.attributes == {"arn": ARN}
    kind.delete(place, wanted)
    assert servers.server is None


def test_a_managed_server_that_fails_says_so(tmp_path: Path):
    servers = Servers("Creating", "CreateFailed")
    kind, place = MlflowTrackingServer(), managed(servers)
    [wanted] = kind.desired(source(tmp_path, mlflow=ARN))
    kind.create(place, wanted)
    with pytest.raises(PromoteError, match="CreateFailed"):
        kind.wait(place, wanted)


@pytest.mark.parametrize(
    "more",
    [
        {"mlflow": "http://127.0.0.1:9"},
        {"mlflow": ARN.replace(ACCOUNT, "333333333333")},
        {"mlflow": ARN, "promote": Promotion(registered_models=())},
    ],
)
def test_no_server_is_made_of_another_account_or_for_nothing(tmp_path: Path, more: dict[str, Any]):
    assert list(MlflowTrackingServer().desired(source(tmp_path, **more))) == []


def test_models_of_a_managed_server_wait_for_it(tmp_path: Path):
    assert mlflow_model.server(source(tmp_path, mlflow=ARN)) == Ref("mlflow-tracking-server/scores", "arn")
    assert mlflow_model.server(source(tmp_path)) == "http://127.0.0.1:9"


def answering(mlflow: MLflow, *answers: httpx.Response) -> list[httpx.Request]:
    """Have requests answered so, and kept."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        seen.append(request)
        return answers[min(len(seen), len(answers)) - 1]

    mlflow._client = httpx.Client(transport=httpx.MockTransport(answer))  # pyright: ignore[reportPrivateUsage]
    return seen


def test_a_managed_server_is_asked_with_its_arn_and_a_signature():
    mlflow = MLflow(managed())
    seen = answering(mlflow, httpx.Response(200, json={}))
    mlflow.get("registered-models/get", name="risk scores")
    mlflow.post("runs/log-batch", run_id="1")
    for request in seen:
        assert request.url.host == "eu-west-1.experiments.sagemaker.aws"
        assert request.headers["x-mlflow-sm-tracking-server-arn"] == ARN
        assert "/eu-west-1/sagemaker-mlflow/aws4_request" in request.headers["authorization"]
    assert seen[0].url.query == b"name=risk%20scores"
    assert seen[1].content == b'{"run_id":"1"}'
    assert seen[1].headers["content-type"] == "application/json"


def test_a_server_that_is_busy_is_asked_again_and_what_it_refuses_is_told():
    mlflow = MLflow(Place(target()))
    busy, good = httpx.Response(503), httpx.Response(200, json={"runs": []})
    seen = answering(mlflow, busy, busy, good)
    assert mlflow.post("runs/search") == {"runs": []}
    assert len(seen) == 3
    answering(mlflow, httpx.Response(404, json={"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}))
    assert mlflow.get("runs/get", run_id="1") is None
    answering(mlflow, httpx.Response(400, json={"error_code": "INVALID_PARAMETER_VALUE", "message": "bad name"}))
    with pytest.raises(MLflowRefused, match="bad name"):
        mlflow.get("runs/get", run_id="1")


def test_what_must_not_be_done_twice_is_asked_once():
    mlflow = MLflow(Place(target()))
    seen = answering(mlflow, httpx.Response(503))
    with pytest.raises(MLflowRefused):
        mlflow.post("runs/create", once=True)
    assert len(seen) == 1


def test_a_file_is_sent_whole_again_after_an_error():
    mlflow = MLflow(Place(target()))
    seen = answering(mlflow, httpx.Response(503), httpx.Response(200))
    mlflow.upload("mlflow-artifacts:/1/run/artifacts", "model/a b.bin", io.BytesIO(b"content"))
    assert [one.content for one in seen] == [b"content", b"content"]
    assert seen[0].url.raw_path == b"/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/model/a%20b.bin"


def test_artifacts_that_only_their_server_reaches_are_refused():
    with pytest.raises(PromoteError, match="file:///mlruns"):
        list(MLflow(Place(target())).files("file:///mlruns/1"))


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("mlflow-artifacts:/1/r/artifacts/model", "mlflow-artifacts:/1/r/artifacts/model"),
        ("runs:/r/model", "mlflow-artifacts:/1/r/artifacts/model"),
        ("models:/m-1", "mlflow-artifacts:/1/models/m-1/artifacts"),
    ],
)
def test_the_files_of_a_version_are_found(source: str, address: str):
    class Here:
        def get(self, path: str, **parameters: str) -> Any:
            if path == "logged-models/m-1":
                return {"model": {"info": {"artifact_uri": "mlflow-artifacts:/1/models/m-1/artifacts"}}}
            assert (path, parameters) == ("runs/get", {"run_id": "r"})
            return {"run": {"info": {"artifact_uri": "mlflow-artifacts:/1/r/artifacts"}}}

    assert mlflow_model_version._address(Here(), {"source": source}) == address  # pyright: ignore[reportPrivateUsage]


def test_this_machines_own_mlflow_needs_other_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Here:
        def pages(self, path: str, member: str) -> Any:
            return [{"name": "risk"}, {"name": "copy", "tags": [{"key": "obsiverse:promoted", "value": "x"}]}]

        def get(self, path: str, **parameters: str) -> Any:
            return {"registered_model": parameters}

    monkeypatch.setattr(mlflow_model, "client", lambda place: Here())  # pyright: ignore[reportUnknownLambdaType]
    own = load_target("local", {}).mlflow
    with pytest.raises(PromoteError, match="this machine's own") as refused:
        mlflow_model.chosen(source(tmp_path, mlflow=own))
    assert "model_prefix" in refused.value.hint
    prefixed = source(tmp_path, mlflow=own, promote=Promotion(model_prefix="stage-"))
    assert mlflow_model.chosen(prefixed) == {"risk": {"name": "risk"}}
