"""Handlers for a model that brings none of its own: one file, of torch's or of scikit-learn's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from obsiverse_model import hardware
from obsiverse_model.errors import ConfigurationError
from obsiverse_model.serving import content

_log = structlog.stdlib.get_logger()
_TORCH = (".pt", ".pth")
_JOBLIB = (".joblib", ".pkl")


def model_fn(model_dir: str) -> Any:
    """Load model.pth, or the only .pt or .pth file (TorchScript), or the only .joblib or .pkl file (scikit-learn).

    Raises ConfigurationError where there is no such file, or more than one.
    """
    folder = Path(model_dir)
    torch_files = _files(folder, _TORCH)
    if folder / "model.pth" in torch_files:
        torch_files = [folder / "model.pth"]
    found = torch_files or _files(folder, _JOBLIB)
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise ConfigurationError(
            f"the model needs one {' or '.join((*_TORCH, *_JOBLIB))} file or a code/inference.py with model_fn; found: {names}"
        )
    return _load_torch(found[0]) if torch_files else _load_joblib(found[0])


def input_fn(model: Any, body: bytes, content_type: str) -> Any:
    """A tensor on the model's device for a torch model, an array for any other. Raises BadInput."""
    values = content.decode(body, content_type)
    if not _is_torch(model):
        return values
    import torch

    if values.dtype.kind in "US":
        raise content.BadInput("the body holds text, and a tensor holds numbers")
    return torch.as_tensor(values.astype(np.float32) if values.dtype.kind == "f" else values, device=_device(model))


def predict_fn(data: Any, model: Any) -> Any:
    """The model's answer: `model(data)` without gradients for torch, `model.predict(data)` for any other."""
    if not _is_torch(model):
        return model.predict(data)
    import torch

    # JSON without a point gives integers, and layers have floating-point weights.
    if not data.is_floating_point() and any(each.is_floating_point() for each in model.parameters()):
        data = data.float()
    with torch.inference_mode():
        return model(data)


def output_fn(prediction: Any, accept: str) -> tuple[bytes, str]:
    """A prediction as JSON, CSV or NumPy's format. Raises UnsupportedAccept."""
    return content.encode(to_host(prediction), accept)


def to_host(value: Any) -> Any:
    """Tensors, also inside lists and dictionaries, as arrays."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    if isinstance(value, list | tuple):
        return [to_host(each) for each in value]
    if isinstance(value, dict):
        return {key: to_host(each) for key, each in value.items()}
    return value


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    return sorted(file for file in folder.glob("*") if file.suffix in suffixes) if folder.is_dir() else []


def _load_torch(file: Path) -> Any:
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and hardware.num_gpus():
        _log.warning("there is a GPU that torch can't use; the model runs on the CPU", torch=torch.__version__)
    _log.info("loading TorchScript", file=file.name, device=device)
    return torch.jit.load(file, map_location=device).eval()


def _load_joblib(file: Path) -> Any:
    import joblib

    _log.info("loading with joblib", file=file.name)
    return joblib.load(file)


def _is_torch(model: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def _device(model: Any) -> Any:
    first = next(model.parameters(), None)
    return first.device if first is not None else "cpu"
