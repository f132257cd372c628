"""Updates, shadows, chains of containers, sessions and many models, through boto3."""

from __future__ import annotations

import json
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
from botocore.exceptions import ClientError

ACCOUNT, REGION = "000000000000", "us-east-1"


def put(service, endpoint, *variants, **more):
    """Put a route of variants as they stand in its document."""
    document = {"arn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{endpoint}", "variants": variants, **more}
    httpx.put(f"{service.url}/_obsiverse/routes/{ACCOUNT}/{REGION}/{endpoint}", json=document).raise_for_status()


def instance(identity, *containers):
    """An instance of containers, in a row."""
    return {"id": identity, "containers": [{"hostname": one.name, "url": one.url} for one in containers]}


def name_of(answer):
    return json.load(answer["Body"])["name"]


def seen(container):
    return httpx.get(f"{container.url}/seen").json()


def until(condition, what):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_an_update_s_instances_get_their_share(service, container):
    old, new = container("old"), container("new")
    pending = {"share": 0.5, "instances": [instance("i-new", new)]}
    put(service, "update", {"name": "v", "weight": 1, "instances": [instance("i-old", old)], "pending": pending})
    client = service.client()
    counted = Counter(name_of(client.invoke_endpoint(EndpointName="update", Body=b"x")) for _ in range(100))
    assert min(counted["old"], counted["new"]) > 20


def test_a_shadow_variant_gets_copies_and_answers_nobody(service, container):
    front, shadow = container("front"), container("shadow")
    document = {"name": "shade", "share": 1.0, "instances": [instance("i-shade", shadow)]}
    put(service, "shadowed", {"name": "v", "weight": 1, "instances": [instance("i", front)], "shadow": document})
    client = service.client()
    for number in range(5):
        answer = client.invoke_endpoint(EndpointName="shadowed", Body=f"request {number}".encode())
        assert name_of(answer) == "front"
        assert answer["InvokedProductionVariant"] == "v"
    until(lambda: len(seen(shadow)) == 5, "the shadow variant has all copies")
    assert sorted(seen(shadow)) == [f"request {number}" for number in range(5)]
    assert client.invoke_endpoint(EndpointName="shadowed", Body=b"status 200 fine")["Body"].read() == b"fine"


def test_a_shadow_variant_that_fails_harms_no_request(service, container):
    front, shadow = container("front"), container("shadow")
    document = {"name": "shade", "share": 1.0, "instances": [instance("i-shade", shadow)]}
    put(service, "dim", {"name": "v", "weight": 1, "instances": [instance("i", front)], "shadow": document})
    shadow.end()
    for _ in range(5):
        assert name_of(service.client().invoke_endpoint(EndpointName="dim", Body=b"x")) == "front"


def test_containers_in_a_row_get_each_other_s_answers(service, container):
    first, second = container("first"), container("second")
    put(service, "chain", {"name": "v", "weight": 1, "instances": [instance("i", first, second)]})
    client = service.client()
    answer = client.invoke_endpoint(EndpointName="chain", Body=b"status 200 from-first", ContentType="text/csv")
    document = json.load(answer["Body"])
    assert document["name"] == "second"
    assert document["headers"]["content-type"] == "application/x-test", "of the first container's answer"
    assert seen(second) == ["from-first"]
    with pytest.raises(client.exceptions.ModelError) as caught:
        client.invoke_endpoint(EndpointName="chain", Body=b"status 400 wrong")
    assert caught.value.response["OriginalStatusCode"] == 400
    assert seen(second) == ["from-first"], "an error ends the chain"


def test_a_container_is_invoked_directly_by_its_hostname(service, container):
    first, second = container("first"), container("second")
    document = {"name": "v", "weight": 1, "direct": True, "instances": [instance("i", first, second)]}
    put(service, "direct", document)
    client = service.client()
    for name in ("first", "second"):
        answer = client.invoke_endpoint(EndpointName="direct", Body=b"x", TargetContainerHostname=name)
        assert name_of(answer) == name
    for more, message in (
        ({}, "TargetContainerHostname is required"),
        ({"TargetContainerHostname": "c"}, "has no container c"),
    ):
        with pytest.raises(ClientError, match=message) as caught:
            client.invoke_endpoint(EndpointName="direct", Body=b"x", **more)
        assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_requests_of_a_session_go_to_the_instance_that_opened_it(service, container):
    one, two = container("one"), container("two")
    put(service, "session", {"name": "v", "weight": 1, "instances": [instance("1", one), instance("2", two)]})
    client = service.client()
    opened = client.invoke_endpoint(EndpointName="session", Body=b"x", SessionId="NEW_SESSION")
    assert opened["NewSessionId"].startswith("s1")
    # Every answer of this container opens the session anew, where it was asked.
    names = {name_of(client.invoke_endpoint(EndpointName="session", Body=b"x", SessionId="s1")) for _ in range(10)}
    assert names == {name_of(opened)}


def test_an_answer_is_streamed_as_it_comes(service, shared_container):
    put(service, "stream", {"name": "v", "weight": 1, "instances": [instance("i", shared_container)]})
    client = service.client()
    answer = client.invoke_endpoint_with_response_stream(
        EndpointName="stream", Body=b"stream one two three", CustomAttributes="a=b"
    )
    assert answer["InvokedProductionVariant"] == "v"
    assert answer["ContentType"] == "application/x-test"
    assert answer["CustomAttributes"] == "answered=yes"
    parts = [event["PayloadPart"]["Bytes"] for event in answer["Body"]]
    assert parts == [b"one", b"two", b"three"]
    with pytest.raises(client.exceptions.ModelError) as caught:
        client.invoke_endpoint_with_response_stream(EndpointName="stream", Body=b"status 400 no")
    assert caught.value.response["OriginalMessage"] == "no"


def test_a_stream_that_breaks_off_ends_with_an_error(service, container):
    breaking = container("breaking")
    put(service, "breaks", {"name": "v", "weight": 1, "instances": [instance("i", breaking)]})
    answer = service.client().invoke_endpoint_with_response_stream(EndpointName="breaks", Body=b"break one two")
    parts = []
    with pytest.raises(ClientError) as caught:
        for event in answer["Body"]:
            parts.append(event["PayloadPart"]["Bytes"])
    assert caught.value.response["Error"]["Code"] == "ModelStreamError"
    assert parts == [b"one"]


@pytest.fixture
def placing(start_service):
    """A service, and the requests for models that its edge gets; it has every model but `absent`."""
    asked = []

    class Edge(BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(request["model"])
            there = request["model"] != "absent"
            body = json.dumps({"path": f"/opt/ml/models/{request['model']}"} if there else {"message": "no such model"})
            self.send_response(200 if there else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Edge) as edge:
        Thread(target=edge.serve_forever, daemon=True).start()
        yield start_service(ENDPOINTS_AWS=f"127.0.0.1:{edge.server_port}", ENDPOINTS_FLUSH_SECONDS="3600"), asked
        edge.shutdown()


def test_models_are_loaded_when_asked_for_and_the_longest_unused_makes_room(placing, container):
    service, asked = placing
    many = container("many")
    put(service, "many", {"name": "v", "weight": 1, "multi_model": True, "instances": [instance("i", many)]})
    client = service.client()

    def invoke(model):
        return json.load(client.invoke_endpoint(EndpointName="many", Body=b"x", TargetModel=model)["Body"])["model"]

    assert [invoke("a"), invoke("b"), invoke("a")] == ["/opt/ml/models/a", "/opt/ml/models/b", "/opt/ml/models/a"]
    assert asked == ["a", "b"]
    assert invoke("c") == "/opt/ml/models/c"
    assert sorted(httpx.get(f"{many.url}/models").json().values()) == ["/opt/ml/models/a", "/opt/ml/models/c"]
    many.end()
    many.start()
    assert invoke("a") == "/opt/ml/models/a", "a container that was started again loads it again"
    for model, message in (({"TargetModel": "absent"}, "no such model"), ({}, "TargetModel is required")):
        with pytest.raises(ClientError, match=message) as caught:
            client.invoke_endpoint(EndpointName="many", Body=b"x", **model)
        assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_a_target_model_needs_a_multi_model_endpoint(service, shared_container):
    put(service, "single", {"name": "v", "weight": 1, "instances": [instance("i", shared_container)]})
    with pytest.raises(ClientError, match="does not support target model"):
        service.client().invoke_endpoint(EndpointName="single", Body=b"x", TargetModel="m.tar.gz")


def test_instances_that_left_the_route_are_draining_until_they_have_answered(service, container):
    old, new = container("old"), container("new")
    put(service, "drain", {"name": "v", "weight": 1, "instances": [instance("i-old", old)]})
    answers = []
    slow = Thread(
        target=lambda: answers.append(name_of(service.client().invoke_endpoint(EndpointName="drain", Body=b"sleep 1")))
    )
    slow.start()
    until(lambda: httpx.get(f"{old.url}/held").text == "1", "the old instance works")
    put(service, "drain", {"name": "v", "weight": 1, "instances": [instance("i-new", new)]})
    draining = httpx.get(f"{service.url}/_obsiverse/draining").json()["instances"]
    assert draining == [{"id": "i-old", "outstanding": 1}]
    slow.join()
    assert answers == ["old"]
    assert httpx.get(f"{service.url}/_obsiverse/draining").json()["instances"] == []


def test_an_account_s_routes_are_removed_together(service, shared_container):
    for account in ("111111111111", "222222222222"):
        service.route("same", {"v": (1, [shared_container.instance()])}, account)
    httpx.delete(f"{service.url}/_obsiverse/routes/111111111111").raise_for_status()
    with pytest.raises(ClientError, match="Endpoint same of account 111111111111 not found"):
        service.client("111111111111").invoke_endpoint(EndpointName="same", Body=b"x")
    service.client("222222222222").invoke_endpoint(EndpointName="same", Body=b"x")
