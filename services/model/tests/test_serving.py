"""`serve`: the hosting contract, with models of both libraries and with user code."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import joblib
import numpy as np
import pytest
from containers import QUICK, S3, Container, Served, archive, eventually
from sklearn.linear_model import LinearRegression

Serve = Callable[..., Served]
# Answers once its file is there, so that a test decides how long the model is busy.
GATED = """
import pathlib, time
import numpy as np
def model_fn(model_dir):
    return pathlib.Path(model_dir)
def predict_fn(data, folder):
    (folder / "entered").touch()
    while not (folder / "gate").exists():
        time.sleep(0.01)
    return data * 2
"""


def test_scikit_learn_model_is_served_without_any_code(container: Container, serve: Serve) -> None:
    model = LinearRegression().fit([[0, 0], [1, 0], [0, 1]], [1, 2, 3])
    (container.base / "model").mkdir()
    joblib.dump(model, container.base / "model" / "model.joblib")
    served = serve()
    answer = served.invoke("1,1\n2,0\n")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == pytest.approx([4, 3])
    assert float(served.invoke("[[1, 1]]", "application/json", accept="text/csv").text) == pytest.approx(4)


def test_torchscript_model_is_served_without_any_code(container: Container, serve: Serve) -> None:
    torch = pytest.importorskip("torch")
    (container.base / "model").mkdir()
    layer = torch.nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0]]))
        layer.bias.zero_()
    torch.jit.script(layer).save(container.base / "model" / "model.pth")
    served = serve()
    assert served.invoke("1,1\n3,0\n").json() == [[3.0], [3.0]]
    # Integers in JSON meet weights that are floats.
    assert served.invoke("[[1, 1]]", "application/json").json() == [[3.0]]
    array = io.BytesIO()
    np.save(array, np.array([[2.0, 2.0]]))
    answer = served.invoke(array.getvalue(), "application/x-npy", accept="application/x-npy")
    assert np.load(io.BytesIO(answer.content)).tolist() == [[6.0]]
    wrong = served.invoke("1,2,3")
    assert wrong.status_code == 500
    assert wrong.json()["type"] == "RuntimeError"


def test_user_code_replaces_the_handlers_it_names(serve: Serve) -> None:
    served = serve(
        "import numpy as np\n"
        "def model_fn(model_dir): return 3\n"
        "def input_fn(body, content_type): return np.array([[float(word) for word in body.decode().split()]])\n"
        "def predict_fn(data, model): return data * model\n"
        "def output_fn(prediction, accept): return ' '.join(map(str, prediction[0])), 'text/x-words'\n"
    )
    answer = served.invoke("1 2", "text/x-words")
    assert (answer.text, answer.headers["content-type"]) == ("3.0 6.0", "text/x-words; charset=utf-8")


def test_code_that_is_not_packed_with_the_model_comes_from_s3(container: Container, serve: Serve, s3: S3) -> None:
    code = "def model_fn(model_dir): return 3\ndef predict_fn(data, model): return data * model\n"
    s3.put("sourcedir.tar.gz", archive(**{"own.py": code}))
    container.write("model/weights.json", "{}")
    place = {"SAGEMAKER_SUBMIT_DIRECTORY": "s3://source/sourcedir.tar.gz", "SAGEMAKER_PROGRAM": "own.py"}
    served = serve(**place, **s3.environment)
    assert served.invoke("1,2\n").json() == [[3.0, 6.0]]


def test_code_that_is_not_in_s3_ends_the_container_with_the_reason(container: Container, s3: S3) -> None:
    missing = "s3://source/missing.tar.gz"
    process = container.start("serve", SAGEMAKER_BIND_TO_PORT="0", SAGEMAKER_SUBMIT_DIRECTORY=missing, **s3.environment)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"{missing} can't be fetched" in error


def test_transform_fn_stands_for_all_three(serve: Serve) -> None:
    served = serve(
        "def model_fn(model_dir): return 'model'\n"
        "def transform_fn(model, body, content_type, accept):\n"
        "    return f'{model} {body.decode()} {content_type} {accept}', accept\n"
    )
    assert served.invoke("x", "text/a", accept="text/b").text == "model x text/a text/b"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def transform_fn(*a): pass\ndef predict_fn(*a): pass\n", "transform_fn"),
        ("raise RuntimeError('no weights')", "no weights"),
        (None, "model_fn"),
    ],
)
def test_model_that_cannot_be_loaded_ends_the_container_with_the_reason(
    container: Container, code: str | None, reason: str
) -> None:
    if code is not None:
        container.write("model/code/inference.py", code)
    process = container.start("serve", SAGEMAKER_BIND_TO_PORT="0")
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert reason in error


def test_ping_and_invocations_are_503_until_the_model_is_loaded(container: Container, serve: Serve) -> None:
    gate = container.base / "gate"
    served = serve(
        "import pathlib, time\n"
        "def model_fn(model_dir):\n"
        f"    while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n"
        "    return 1\n"
        "def predict_fn(data, model): return data\n",
        ready=False,
    )
    assert served.client.get("/ping").status_code == 503
    assert served.invoke("1").status_code == 503
    gate.touch()
    eventually(lambda: served.client.get("/ping").status_code == 200)
    assert served.invoke("1").status_code == 200


def test_errors_tell_whose_they_are(serve: Serve) -> None:
    served = serve(
        QUICK
        + "def input_fn(body, content_type):\n"
        + "    from obsiverse_model.serving.content import decode\n"
        + "    if b'teapot' in body:\n"
        + "        from starlette.exceptions import HTTPException\n"
        + "        raise HTTPException(418, 'short and stout')\n"
        + "    return decode(body, content_type)\n"
    )
    cases = {
        ("1,2", "text/csv", "*/*"): 200,
        ("1,2", "text/plain", "*/*"): 415,
        ("1,x", "text/csv", "*/*"): 400,
        ("1,2\n3\n", "text/csv", "*/*"): 400,
        ("", "text/csv", "*/*"): 400,
        ("{", "application/json", "*/*"): 400,
        ("x", "application/x-npy", "*/*"): 400,
        ("1,2", "text/csv", "image/png"): 406,
        ("teapot", "text/csv", "*/*"): 418,
        ("1,2,3", "text/csv", "*/*"): 500,
    }
    for (body, content_type, accept), status in cases.items():
        answer = served.invoke(body, content_type, accept=accept)
        assert answer.status_code == status, (body, content_type, accept, answer.text)
        if status != 200:
            assert answer.json()["code"] == status
            assert answer.json()["message"]
    for status in (200, 400, 500):
        assert served.metric(f'model_invocations_total{{otel_scope_name="obsiverse_model",otel_scope_schema_url="",otel_scope_version="",status="{status}"}}') > 0  # fmt: skip  # noqa: E501
    served.stop()
    assert "Traceback" in served.process.communicate()[1]


def test_ping_answers_while_the_model_is_busy_and_what_waits_is_batched(container: Container, serve: Serve) -> None:
    served = serve(GATED)
    with ThreadPoolExecutor(9) as clients:
        first = clients.submit(served.invoke, "0")
        eventually((container.base / "model" / "entered").exists)
        rest = [clients.submit(served.invoke, f"{number}\n{number + 0.5}\n") for number in range(1, 9)]
        assert served.client.get("/ping").status_code == 200
        (container.base / "model" / "gate").touch()
        assert first.result().json() == [[0.0]]
        assert [each.result().json() for each in rest] == [[[2.0 * n], [2.0 * n + 1]] for n in range(1, 9)]
    assert served.metric("model_batch_size_sum") == 9
    assert served.metric("model_batch_size_count") < 9


def test_full_queue_is_503_at_once(container: Container, serve: Serve) -> None:
    served = serve(GATED, SAGEMAKER_TS_QUEUE_SIZE="1", SAGEMAKER_TS_BATCH_SIZE="1")
    with ThreadPoolExecutor(8) as clients:
        first = clients.submit(served.invoke, "1")
        eventually((container.base / "model" / "entered").exists)
        statuses: list[int] = []
        waiting = [clients.submit(lambda: statuses.append(served.invoke("1").status_code)) for _ in range(5)]
        eventually(lambda: statuses.count(503) == 4)
        (container.base / "model" / "gate").touch()
        for each in waiting:
            each.result()
        assert first.result().status_code == 200
    assert sorted(statuses) == [200, 503, 503, 503, 503]


def test_sigterm_answers_what_is_under_way_and_ends_with_0(container: Container, serve: Serve) -> None:
    served = serve(GATED)
    with ThreadPoolExecutor(2) as clients:
        answer = clients.submit(served.invoke, "4")
        eventually((container.base / "model" / "entered").exists)
        ending = clients.submit(served.stop)

        def refuses() -> bool:
            try:
                httpx.get(f"{served.url}/ping", timeout=1)
            except httpx.TransportError:
                return True
            return False

        eventually(refuses)
        (container.base / "model" / "gate").touch()
        assert answer.result().json() == [[8.0]]
        assert ending.result() == 0


def test_absent_collector_neither_blocks_nor_fills_the_log(serve: Serve) -> None:
    served = serve(
        QUICK,
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        OTEL_METRIC_EXPORT_INTERVAL="100",
        OTEL_BSP_SCHEDULE_DELAY="100",
    )
    lines: list[str] = []
    assert served.process.stderr is not None
    reader = threading.Thread(target=lambda: lines.extend(served.process.stderr or []))
    reader.start()
    for _ in range(50):
        assert served.invoke("1,2").json() == [[5.0]]
    eventually(lambda: any("Failed to export" in line for line in lines))
    assert served.stop() == 0
    reader.join(30)
    told = [json.loads(line)["event"].split(" ")[0] for line in lines if "export" in line]
    assert len(told) <= 4
