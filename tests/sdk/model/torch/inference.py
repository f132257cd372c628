"""A network that computes 2x + 1 for each of three numbers, from weights in a file of its own."""

import json
from pathlib import Path

import torch


def model_fn(model_dir):
    """The network."""
    weights = json.loads((Path(model_dir) / "weights.json").read_text())
    layer = torch.nn.Linear(3, 3)
    with torch.no_grad():
        layer.weight.copy_(weights["weight"] * torch.eye(3))
        layer.bias.fill_(weights["bias"])
    return layer.eval()


def predict_fn(data, model):
    """Its answer."""
    with torch.inference_mode():
        return model(torch.as_tensor(data, dtype=torch.float32)).numpy()
