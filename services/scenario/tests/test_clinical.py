"""The scenario's data and code: the same for everyone, and good enough when really trained."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_scenario.clinical import archive, data
from obsiverse_scenario.clinical.scenario import HYPERPARAMETERS, METRICS, REQUIRED_ACCURACY, SEED

MODEL_PYTHON = Path(__file__).parents[3] / ".obsiverse" / "venvs" / "model" / "bin" / "python"
needs_model = pytest.mark.skipif(
    not MODEL_PYTHON.exists(),
    reason="the model container's environment is not made; `make test-services SERVICES=model` makes it",
)


def test_data_is_the_569_diagnoses_with_30_features() -> None:
    rows = data.load()
    assert len(rows.cells) == 569
    assert {len(row) for row in rows.cells} == {31}
    assert len(rows.names) == 31
    assert (rows.labels.count(0), rows.labels.count(1)) == (212, 357)


@given(st.integers())
def test_split_keeps_every_row_once_and_the_labels_share(seed: int) -> None:
    rows = data.load()
    train, held_out = data.split(rows, seed)
    assert sorted(train.cells + held_out.cells) == sorted(rows.cells)
    share = sum(rows.labels) / len(rows.cells)
    assert sum(held_out.labels) / len(held_out.cells) == pytest.approx(share, abs=0.01)
    assert (train, held_out) == data.split(rows, seed)


def test_requests_carry_neither_header_nor_label() -> None:
    _, held_out = data.split(data.load(), SEED)
    lines = held_out.features_csv().decode().splitlines()
    assert len(lines) == len(held_out.cells)
    assert lines[0].split(",") == held_out.cells[0][1:]


def test_source_archive_is_the_same_bytes_each_time_and_holds_the_code() -> None:
    assert archive.sourcedir() == archive.sourcedir()
    with tarfile.open(fileobj=io.BytesIO(archive.sourcedir())) as tar:
        assert sorted(tar.getnames()) == ["inference.py", "network.py", "train.py"]


@needs_model
def test_training_reaches_the_accuracy_and_the_served_model_has_it(tmp_path: Path) -> None:
    train, held_out = data.split(data.load(), SEED)
    folders = {name: tmp_path / name for name in ("train", "test", "model", "source")}
    for folder in folders.values():
        folder.mkdir()
    (folders["train"] / "train.csv").write_bytes(train.labelled_csv())
    (folders["test"] / "test.csv").write_bytes(held_out.labelled_csv())
    with tarfile.open(fileobj=io.BytesIO(archive.sourcedir())) as tar:
        tar.extractall(folders["source"], filter="data")
    environment = {
        "PATH": os.environ["PATH"],
        "SM_CHANNEL_TRAIN": str(folders["train"]),
        "SM_CHANNEL_TEST": str(folders["test"]),
        "SM_MODEL_DIR": str(folders["model"]),
    }
    arguments = [part for name, value in HYPERPARAMETERS.items() for part in (f"--{name}", str(value))]

    def run(*command: str | Path, cwd: Path) -> str:
        done = subprocess.run(
            [MODEL_PYTHON, *command], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    log = run("train.py", *arguments, cwd=folders["source"])
    [printed] = re.findall(METRICS["accuracy"], log)
    assert float(printed) >= REQUIRED_ACCURACY
    assert len(re.findall(METRICS["train:loss"], log)) == HYPERPARAMETERS["epochs"] // 10

    served = run(
        "-c",
        "import sys, torch, inference\n"
        "rows = [[float(cell) for cell in line.split(',')] for line in open(sys.argv[2])]\n"
        "prediction = inference.predict_fn(torch.tensor(rows), inference.model_fn(sys.argv[1]))\n"
        "print(inference.output_fn(prediction, 'application/json')[0])\n",
        str(folders["model"]),
        str(_features(tmp_path, held_out)),
        cwd=folders["model"] / "code",
    )
    labels = [answer["label"] for answer in json.loads(served)["predictions"]]
    right = sum(said == truth for said, truth in zip(labels, held_out.labels, strict=True))
    assert right / len(labels) == pytest.approx(float(printed), abs=1e-6)


def _features(folder: Path, rows: data.Rows) -> Path:
    file = folder / "features.csv"
    file.write_bytes(rows.features_csv())
    return file
