"""How the endpoint loads the model and writes its answers; reading the request is left to the container."""

import json
from pathlib import Path

import network
import torch
from starlette.exceptions import HTTPException
from torch import Tensor

THRESHOLD = 0.5


def model_fn(model_dir: str) -> network.Network:
    """Load the network onto the GPU if there is one."""
    return network.load(str(Path(model_dir) / "model.pt"), "cuda" if torch.cuda.is_available() else "cpu")


def predict_fn(data: Tensor, model: network.Network) -> Tensor:
    """(rows, 30) to the probability of being benign (rows)."""
    expected = len(model.mean)
    if data.ndim != 2 or data.shape[1] != expected:
        raise HTTPException(400, f"each row needs {expected} features; the request has shape {tuple(data.shape)}")
    with torch.inference_mode():
        return torch.sigmoid(model(data.float()))


def output_fn(prediction: Tensor, accept: str) -> tuple[str, str]:
    """`{"predictions": [{"label", "probability"}]}`, or the two as CSV."""
    rows = [(int(probability >= THRESHOLD), probability) for probability in prediction.tolist()]
    if "text/csv" in accept:
        return "".join(f"{label},{probability:.6f}\n" for label, probability in rows), "text/csv"
    answers = [{"label": label, "probability": round(probability, 6)} for label, probability in rows]
    return json.dumps({"predictions": answers}), "application/json"
