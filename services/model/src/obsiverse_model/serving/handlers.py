"""The user's handlers from code/inference.py, completed with the defaults."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import structlog

from obsiverse_model import requirements, source
from obsiverse_model.errors import ConfigurationError
from obsiverse_model.serving import content, defaults
from obsiverse_model.settings import Settings

_log = structlog.stdlib.get_logger()


@dataclass(frozen=True)
class Handlers:
    """A loaded model and the functions around it.

    Attributes:
        input: body and content type to data.
        predict: data to a prediction.
        output: prediction and Accept to a body, or a body and its content type.
        transform: all three in one, (body, content type, accept), instead of them.
    """

    input: Callable[[bytes, str], Any]
    predict: Callable[[Any], Any]
    output: Callable[[Any, str], Any]
    transform: Callable[[bytes, str, str], Any] | None = None


def load(settings: Settings) -> Handlers:
    """Import the user's code, if there is any, and load the model.

    Raises:
        ConfigurationError: both kinds of handlers are defined, or there is nothing to load.
        SourceError: SAGEMAKER_SUBMIT_DIRECTORY can't be fetched or unpacked.
        RequirementsError: code/requirements.txt could not be installed.
        Exception: whatever the user's code raises.
    """
    # The SDK packs PyTorch's code with the model, and leaves scikit-learn's beside it.
    elsewhere = settings.submit_directory.startswith("s3://")
    code = source.bring(settings.submit_directory, settings) if elsewhere else settings.model / "code"
    program = code / settings.program
    module = _import(program, code, settings) if program.is_file() else None
    own = {
        name: getattr(module, name, None)
        for name in ("model_fn", "input_fn", "predict_fn", "output_fn", "transform_fn")
    }
    if own["transform_fn"] and (own["input_fn"] or own["predict_fn"] or own["output_fn"]):
        raise ConfigurationError(f"{program.name} defines transform_fn and one of the functions that it stands for")
    model = (own["model_fn"] or defaults.model_fn)(str(settings.model))
    _log.info("the model is loaded", own=[name for name, function in own.items() if function])
    predict = own["predict_fn"] or defaults.predict_fn
    return Handlers(
        input=own["input_fn"] or partial(defaults.input_fn, model),
        predict=lambda data: predict(data, model),
        output=own["output_fn"] or defaults.output_fn,
        transform=partial(own["transform_fn"], model) if own["transform_fn"] else None,
    )


def as_body(answer: Any, accept: str) -> tuple[bytes, str]:
    """What an output_fn or transform_fn gave, as a body and its content type."""
    body, content_type = answer if isinstance(answer, tuple) else (answer, None)
    if isinstance(body, str):
        body = body.encode()
    if not isinstance(body, bytes | bytearray):
        raise TypeError(
            f"an output must be str or bytes, or one of them with a content type; this is {type(body).__name__}"
        )
    return bytes(body), content_type or (content.JSON if "*" in accept else content.media_type(accept))


def _import(program: Path, code: Path, settings: Settings) -> ModuleType:
    extra = requirements.install(code / "requirements.txt", settings.base / "site-packages")
    sys.path[:0] = [str(place) for place in (code, extra) if place]
    spec = importlib.util.spec_from_file_location(program.stem, program)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{program.name} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[program.stem] = module
    spec.loader.exec_module(module)
    return module
