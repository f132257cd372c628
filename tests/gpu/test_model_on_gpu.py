"""The model container with an NVIDIA GPU: it is found, used, and seen in the metrics."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from containers import Container, Job, Served, eventually, free_port

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no NVIDIA GPU"),
]
SCENARIO = Path(__file__).parents[2] / "services" / "scenario" / "src"


def ready(container: Container, **environment: str) -> Served:
    """A serving container that answers /ping with 200."""
    port = free_port()
    served = Served(
        container.start("serve", SAGEMAKER_BIND_TO_PORT=str(port), **environment), f"http://127.0.0.1:{port}"
    )

    def answers() -> bool:
        assert served.process.poll() is None, served.process.communicate()[1]
        try:
            return served.client.get("/ping").status_code == 200
        except httpx.TransportError:
            return False

    eventually(answers, 180)
    return served


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    """A container with a TorchScript model of two features."""
    container = Container(tmp_path)
    (tmp_path / "model").mkdir()
    layer = torch.nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0]]))
    torch.jit.script(layer).save(tmp_path / "model" / "model.pth")
    yield container


def stopped(served: Served) -> str:
    """Stop a container; its log."""
    served.client.close()
    served.process.terminate()
    return served.process.communicate(timeout=60)[1]


def test_torchscript_model_is_loaded_onto_the_gpu_and_answers(container: Container) -> None:
    served = ready(container)
    answer = served.invoke("1,1\n3,0\n").json()
    assert '"device": "cuda"' in stopped(served)
    assert answer == [[3.0], [3.0]]


def test_gpus_load_and_memory_are_among_the_metrics(container: Container) -> None:
    served = ready(container)
    served.invoke("1,1")
    shown = served.client.get("/metrics").text
    stopped(served)
    for name in ("FB_USED", "FB_FREE", "POWER_USAGE", "GPU_TEMP"):
        assert re.search(rf'^DCGM_FI_DEV_{name}\{{.*gpu="0".*\}} ', shown, re.MULTILINE), shown
    [used] = re.findall(r'^DCGM_FI_DEV_FB_USED\{.*gpu="0".*\} (\S+)$', shown, re.MULTILINE)
    # The CUDA context alone takes hundreds of megabytes.
    assert float(used) > 100


def test_hidden_gpu_leaves_the_model_on_the_cpu(container: Container) -> None:
    served = ready(container, CUDA_VISIBLE_DEVICES="")
    answer = served.invoke("1,1").json()
    log = stopped(served)
    assert answer == [[3.0]]
    assert '"device": "cpu"' in log


def test_clinical_model_trains_on_the_gpu_and_is_as_good(tmp_path: Path) -> None:
    job = Job(tmp_path)
    prepare = (
        "import json, sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from obsiverse_scenario.clinical import archive, data\n"
        "base = Path(sys.argv[2])\n"
        "train, held_out = data.split(data.load(), 0)\n"
        "for name, rows in (('train', train), ('test', held_out)):\n"
        "    folder = base / 'input/data' / name; folder.mkdir(parents=True)\n"
        "    (folder / f'{name}.csv').write_bytes(rows.labelled_csv())\n"
        "(base / 'sourcedir.tar.gz').write_bytes(archive.sourcedir())\n"
    )
    subprocess.run([sys.executable, "-c", prepare, SCENARIO, tmp_path], check=True)
    hyperparameters = {
        "epochs": "60",
        "seed": "0",
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "/opt/ml/sourcedir.tar.gz",
    }
    job.write("input/config/hyperparameters.json", json.dumps(hyperparameters))
    job.write("input/config/inputdataconfig.json", json.dumps({"train": {}, "test": {}}))
    code, out, error = job.run()
    assert code == 0, error
    assert "device cuda" in out
    [reached] = re.findall(r"held-out accuracy=([0-9.]+);", out)
    assert float(reached) >= 0.95

    served = ready(job)
    with (tmp_path / "input/data/test/test.csv").open(newline="") as file:
        _names, *rows = csv.reader(file)
    body = io.StringIO()
    csv.writer(body).writerows(row[1:] for row in rows)
    predictions = served.invoke(body.getvalue()).json()["predictions"]
    stopped(served)
    right = sum(said["label"] == int(row[0]) for said, row in zip(predictions, rows, strict=True))
    assert right / len(rows) == pytest.approx(float(reached), abs=1e-4)
