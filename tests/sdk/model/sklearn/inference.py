"""A regression that computes 2x + 1 for each row, from weights in a file of its own."""

import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression


def model_fn(model_dir):
    """The regression."""
    weights = json.loads((Path(model_dir) / "weights.json").read_text())
    inputs = np.array([[0.0], [1.0]])
    return LinearRegression().fit(inputs, weights["weight"] * inputs[:, 0] + weights["bias"])
