"""Managed Prometheus's data plane: signed requests against the service, Prometheus and Alertmanager as processes."""

from __future__ import annotations

import datetime
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

# The helpers stand beside the tests, under whatever import mode pytest runs.
sys.path.insert(0, str(Path(__file__).parent))
from remote_write import HEADERS, write_request

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT, REGION, WORKSPACE = "111111111111", "eu-west-1", "ws-11111111-2222-3333-4444-555555555555"
ALERTMANAGER = """
route: {receiver: nobody}
receivers: [{name: nobody}]
"""


class Stack(NamedTuple):
    """Addresses, `http://host:port`."""

    telemetry: str
    prometheus: str
    alertmanager: str
    data: Path


def component(name: str) -> str:
    source = f"from obsiverse.components import get; print(get({name!r}).path)"
    return subprocess.run(
        [ROOT / ".venv/bin/python", "-c", source], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def wait(service: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 30
    while not is_ready(url):
        assert service.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def start_telemetry(data: Path, address: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TELEMETRY_LISTEN": address, "TELEMETRY_DATA": str(data)}
    service = subprocess.Popen([sys.executable, "-m", "obsiverse_telemetry"], env=environment)
    wait(service, f"http://{address}/health")
    return service


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("amp")
    telemetry, prometheus, alertmanager = (free_address() for _ in range(3))
    (folder / "prometheus.yml").write_text("global: {}\n")
    (folder / "alertmanager.yml").write_text(ALERTMANAGER)
    started: list[subprocess.Popen[bytes]] = []
    try:
        command = [
            component("prometheus"),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address={prometheus}",
            "--web.enable-remote-write-receiver",
        ]
        started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        command = [
            component("alertmanager"),
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/alertmanager",
            f"--web.listen-address={alertmanager}",
            "--cluster.listen-address=",
        ]
        started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        wait(started[0], f"http://{prometheus}/-/ready")
        wait(started[1], f"http://{alertmanager}/-/ready")
        started.append(start_telemetry(folder / "telemetry", telemetry))
        made = Stack(f"http://{telemetry}", f"http://{prometheus}", f"http://{alertmanager}", folder / "telemetry")
        keep(made.telemetry, made.prometheus, made.alertmanager)
        yield made
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait(20)


def keep(telemetry: str, prometheus: str, alertmanager: str, workspace: str = WORKSPACE) -> None:
    answer = httpx.put(
        f"{telemetry}/_obsiverse/workspaces/{ACCOUNT}/{REGION}/{workspace}",
        json={"prometheus": prometheus, "alertmanager": alertmanager},
    )
    assert answer.status_code == 200, answer.text


def signed(
    url: str,
    path: str,
    *,
    method: str = "GET",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    account: str = ACCOUNT,
    secret: str = "test",  # noqa: S107 - no secret
    region: str = REGION,
    service: str = "aps",
    workspace: str = WORKSPACE,
) -> httpx.Response:
    """The answer to a request that is signed as AWS's SDKs do."""
    request = AWSRequest(method, f"{url}/workspaces/{workspace}/{path}", headers or {}, body)
    SigV4Auth(Credentials(account, secret), service, region).add_auth(request)
    return httpx.request(method, request.url, content=body, headers=dict(request.headers.items()))


def write(stack: Stack, name: str, value: float, **labels: str) -> None:
    body = write_request([({"__name__": name, **labels}, value, time.time())])
    answer = signed(stack.telemetry, "api/v1/remote_write", method="POST", body=body, headers=HEADERS)
    assert answer.status_code == 204, answer.text


@pytest.fixture
def name() -> str:
    return f"test_{uuid.uuid4().hex}"


def test_what_is_written_is_queried(stack, name):
    write(stack, name, 7.5, endpoint="clinical")
    answer = signed(stack.telemetry, f"api/v1/query?query={name}")
    assert answer.headers["content-type"] == "application/json"
    (found,) = answer.json()["data"]["result"]
    assert found["metric"] == {"__name__": name, "endpoint": "clinical"}
    assert found["value"][1] == "7.5"


def test_a_query_may_be_a_form(stack, name):
    write(stack, name, 3)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    now = time.time()
    body = f"query={name}&start={now - 60}&end={now + 60}&step=15".encode()
    answer = signed(stack.telemetry, "api/v1/query_range", method="POST", body=body, headers=form)
    (found,) = answer.json()["data"]["result"]
    assert {value for _, value in found["values"]} == {"3"}


def test_labels_their_values_and_series_are_prometheus_own(stack, name):
    write(stack, name, 1, host="a b")
    selected = f"match%5B%5D={name}"
    for path in (f"labels?{selected}", f"label/host/values?{selected}", f"series?{selected}", "rules", "alerts"):
        answer = signed(stack.telemetry, f"api/v1/{path}")
        assert (answer.status_code, answer.json()) == (200, httpx.get(f"{stack.prometheus}/api/v1/{path}").json())
    assert signed(stack.telemetry, f"api/v1/label/host/values?{selected}").json()["data"] == ["a b"]


def test_exemplars_lead_from_values_to_traces(stack):
    span = "query_exemplars?query=anything&start=1700000000&end=1700000060"
    answer = signed(stack.telemetry, f"api/v1/{span}")
    assert (answer.status_code, answer.json()) == (200, {"status": "success", "data": []})


def test_an_answer_is_packed_where_the_client_takes_that(stack):
    answer = signed(stack.telemetry, "api/v1/metadata", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["status"] == "success"


def test_prometheus_own_errors_come_through(stack):
    answer = signed(stack.telemetry, "api/v1/query?query=%7B")
    assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")


def test_a_silence_is_made_found_and_ended(stack):
    matcher = {"name": "alertname", "value": "Slow", "isRegex": False, "isEqual": True}
    now = datetime.datetime.now(datetime.UTC)
    silence = {
        "matchers": [matcher],
        "startsAt": now.isoformat(),
        "endsAt": (now + datetime.timedelta(hours=1)).isoformat(),
        "createdBy": "test",
        "comment": "maintenance",
    }
    made = signed(
        stack.telemetry,
        "alertmanager/api/v2/silences",
        method="POST",
        body=httpx.Request("POST", "http://x", json=silence).content,
        headers={"Content-Type": "application/json"},
    )
    identity = made.json()["silenceID"]
    found = httpx.get(f"{stack.alertmanager}/api/v2/silence/{identity}").json()
    assert (found["comment"], found["status"]["state"]) == ("maintenance", "active")
    assert signed(stack.telemetry, f"alertmanager/api/v2/silence/{identity}", method="DELETE").status_code == 200
    (mine,) = [one for one in signed(stack.telemetry, "alertmanager/api/v2/silences").json() if one["id"] == identity]
    assert mine["status"]["state"] == "expired"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers["x-amzn-errortype"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"secret": "wrong"}, (403, "InvalidSignatureException")),
        ({"service": "es"}, (403, "InvalidSignatureException")),
        ({"account": "AKIDUNKNOWN"}, (403, "UnrecognizedClientException")),
        ({"region": "us-east-1"}, (404, "ResourceNotFoundException")),
        ({"account": "222222222222"}, (404, "ResourceNotFoundException")),
        ({"workspace": "ws-none"}, (404, "ResourceNotFoundException")),
    ],
)
@pytest.mark.parametrize("path", ["api/v1/query?query=up", "alertmanager/api/v2/alerts"])
def test_who_has_no_such_workspace_is_told_awss_error(stack, path, change, expected):
    assert code(signed(stack.telemetry, path, **change)) == expected


def test_an_unsigned_write_is_refused_and_stores_nothing(stack, name):
    body = write_request([({"__name__": name}, 1, time.time())])
    answer = httpx.post(f"{stack.telemetry}/workspaces/{WORKSPACE}/api/v1/remote_write", content=body, headers=HEADERS)
    assert code(answer) == (403, "MissingAuthenticationTokenException")
    assert httpx.get(f"{stack.prometheus}/api/v1/query", params={"query": name}).json()["data"]["result"] == []


def test_a_body_other_than_the_signed_one_is_refused(stack):
    url = f"{stack.telemetry}/workspaces/{WORKSPACE}/api/v1/remote_write"
    request = AWSRequest("POST", url, {}, b"signed")
    SigV4Auth(Credentials(ACCOUNT, "test"), "aps", REGION).add_auth(request)
    answer = httpx.post(url, content=b"another", headers=dict(request.headers.items()))
    assert code(answer) == (403, "InvalidSignatureException")


def test_a_signature_is_good_for_five_minutes(stack, monkeypatch):
    old = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=6)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: old)
    answer = signed(stack.telemetry, "api/v1/query?query=up")
    assert code(answer) == (403, "InvalidSignatureException")
    assert "Signature expired" in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "api/v1/remote_write"),
        ("POST", "api/v1/rules"),
        ("GET", "api/v1/status/config"),
        ("POST", "api/v1/admin/tsdb/delete_series"),
        ("GET", "api/v1/label/../values"),
        ("GET", "alertmanager/api/v2/silence/.."),
        ("PUT", "alertmanager/api/v2/alerts"),
    ],
)
def test_what_aws_does_not_have_is_not_passed_on(stack, method, path):
    with socket.create_connection(stack.telemetry.removeprefix("http://").split(":")) as connection:
        # By hand, since clients take dots out of a path.
        request = f"{method} /workspaces/{WORKSPACE}/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        status = connection.makefile("rb").readline()
    assert status.split()[1] == b"501"


def test_a_workspace_that_is_away_is_unavailable(stack):
    keep(stack.telemetry, f"http://{free_address()}", stack.alertmanager, "ws-away")
    assert code(signed(stack.telemetry, "api/v1/query?query=up", workspace="ws-away")) == (503, "ServiceUnavailable")


def test_a_workspace_that_was_deleted_is_not_found(stack):
    keep(stack.telemetry, stack.prometheus, stack.alertmanager, "ws-old")
    url = f"{stack.telemetry}/_obsiverse/workspaces/{ACCOUNT}/{REGION}/ws-old"
    assert httpx.get(url).json() == {"prometheus": stack.prometheus, "alertmanager": stack.alertmanager}
    assert (httpx.delete(url).status_code, httpx.get(url).status_code) == (204, 404)
    answer = signed(stack.telemetry, "api/v1/query?query=up", workspace="ws-old")
    assert code(answer) == (404, "ResourceNotFoundException")
    expected = {"message": "Workspace not found", "resourceId": "ws-old", "resourceType": "workspace"}
    assert answer.json() == expected


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"prometheus": "localhost:1", "alertmanager": "http://x"},
        {"prometheus": "http://x/y", "alertmanager": "http://x"},
    ],
)
def test_a_workspace_needs_both_addresses(stack, document):
    answer = httpx.put(f"{stack.telemetry}/_obsiverse/workspaces/{ACCOUNT}/{REGION}/ws-bad", json=document)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_workspace")


def test_workspaces_outlive_a_kill(stack, tmp_path):
    address = free_address()
    service = start_telemetry(tmp_path, address)
    try:
        keep(f"http://{address}", stack.prometheus, stack.alertmanager)
        service.kill()
        service.wait(10)
        service = start_telemetry(tmp_path, address)
        assert signed(f"http://{address}", "api/v1/query?query=vector%281%29").status_code == 200
    finally:
        service.terminate()
        service.wait(10)
