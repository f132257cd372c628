"""How the endpoint loads the model and writes its answers; reading the request is left to the container."""

import json
from pathlib import Path

import network
import torch
from opentelemetry import metrics
from starlette.exceptions import HTTPException
from torch import Tensor

THRESHOLD = 0.5
LABELS = ("malignant", "benign")
# What it answers, and how sure it is, for the Model quality dashboard: a mix that moves is drift that shows before the truth is known.
_meter = metrics.get_meter("clinical")
_predictions = _meter.create_counter("model.predictions", "{prediction}", "Rows predicted, by the label given to them.")
_probability = _meter.create_histogram(
    "model.prediction.probability",
    description="The probability given to label 1.",
    explicit_bucket_boundaries_advisory=(0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0),
)


def model_fn(model_dir: str) -> network.Network:
    """Load the network onto the GPU if there is one."""
    return network.load(str(Path(model_dir) / "model.pt"), "cuda" if torch.cuda.is_available() else "cpu")


def predict_fn(data: Tensor, model: network.Network) -> Tensor:
    """(rows, 30) to the probability of being benign (rows)."""
    expected = len(model.mean)
    if data.ndim != 2 or data.shape[1] != expected:
        raise HTTPException(400, f"each row needs {expected} features; the request has shape {tuple(data.shape)}")
    with torch.inference_mode():
        predictions = torch.sigmoid(model(data.float()))
    for probability in predictions.tolist():
        _predictions.add(1, {"label": LABELS[probability >= THRESHOLD]})
        _probability.record(probability)
    return predictions


def output_fn(prediction: Tensor, accept: str) -> tuple[str, str]:
    """`{"predictions": [{"label", "probability"}]}`, or the two as CSV."""
    rows = [(int(probability >= THRESHOLD), probability) for probability in prediction.tolist()]
    if "text/csv" in accept:
        return "".join(f"{label},{probability:.6f}\n" for label, probability in rows), "text/csv"
    answers = [{"label": label, "probability": round(probability, 6)} for label, probability in rows]
    return json.dumps({"predictions": answers}), "application/json"
