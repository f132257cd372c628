"""SM_* variables and the script's arguments, as SageMaker's training toolkit derives them from /opt/ml/input/config."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obsiverse_model import hardware
from obsiverse_model.errors import ConfigurationError
from obsiverse_model.settings import Settings

_OWN_PREFIX = "sagemaker_"


@dataclass(frozen=True)
class Job:
    """A training job's definition.

    Attributes:
        hyperparameters: the script's; values as the user gave them, strings that hold JSON decoded.
        framework: those beginning with `sagemaker_`, which are for the container.
        channels: input data's folders by channel.
        hosts: names of the hosts; one here is `current_host`.
        resource_config: the whole of resourceconfig.json.
        data_config: the whole of inputdataconfig.json.
    """

    hyperparameters: dict[str, Any]
    framework: dict[str, Any]
    channels: dict[str, Path]
    current_host: str
    hosts: list[str]
    resource_config: dict[str, Any]
    data_config: dict[str, Any]

    @classmethod
    def read(cls, settings: Settings) -> Job:
        """Read input/config; files that are absent count as empty. Raises ConfigurationError for one that is not JSON."""
        config = settings.input / "config"
        given = {name: _decode(value) for name, value in _read(config / "hyperparameters.json").items()}
        data = _read(config / "inputdataconfig.json")
        resources = _read(config / "resourceconfig.json")
        return cls(
            hyperparameters={name: value for name, value in given.items() if not name.startswith(_OWN_PREFIX)},
            framework={name: value for name, value in given.items() if name.startswith(_OWN_PREFIX)},
            channels={name: settings.input / "data" / name for name in sorted(data)},
            current_host=resources.get("current_host", "algo-1"),
            hosts=resources.get("hosts", ["algo-1"]),
            resource_config=resources,
            data_config=data,
        )

    @property
    def program(self) -> str:
        """The script's name. Raises ConfigurationError where none is named."""
        program = self.framework.get("sagemaker_program")
        if not isinstance(program, str):
            raise ConfigurationError(
                "this image runs a script: name it in the hyperparameter sagemaker_program, "
                "and its archive in sagemaker_submit_directory"
            )
        return program

    def arguments(self) -> list[str]:
        """`--name value` for each hyperparameter, by name; a name of one letter gets one dash."""
        arguments: list[str] = []
        for name, value in sorted(self.hyperparameters.items()):
            arguments += [f"-{name}" if len(name) == 1 else f"--{name}", _text(value)]
        return arguments

    def environment(self, settings: Settings) -> dict[str, str]:
        """The SM_* variables."""
        values: dict[str, Any] = {
            "channels": sorted(self.channels),
            "current_host": self.current_host,
            "framework_params": self.framework,
            "hosts": self.hosts,
            "hps": self.hyperparameters,
            "input_config_dir": settings.input / "config",
            "input_data_config": self.data_config,
            "input_dir": settings.input,
            "log_level": int(self.framework.get("sagemaker_container_log_level", 20)),
            "model_dir": settings.model,
            "module_dir": settings.code,
            "module_name": Path(self.program).stem,
            "network_interface_name": self.resource_config.get("network_interface_name", "lo"),
            "num_cpus": hardware.num_cpus(),
            "num_gpus": hardware.num_gpus(),
            "output_data_dir": settings.output / "data",
            "output_dir": settings.output,
            "resource_config": self.resource_config,
            "user_args": self.arguments(),
            "user_entry_point": self.program,
        }
        whole = {
            **values,
            "channel_input_dirs": self.channels,
            "hyperparameters": self.hyperparameters,
            "job_name": self.framework.get("sagemaker_job_name"),
        }
        environment = {f"SM_{name.upper()}": _text(value) for name, value in values.items()}
        environment["SM_TRAINING_ENV"] = json.dumps(whole, default=str, sort_keys=True)
        environment |= {f"SM_CHANNEL_{name.upper()}": str(folder) for name, folder in self.channels.items()}
        environment |= {f"SM_HP_{name.upper()}": _text(value) for name, value in self.hyperparameters.items()}
        return environment


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ConfigurationError(f"{path.name} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path.name} holds no JSON object")
    return content


def _decode(value: Any) -> Any:
    """SageMaker's SDK sends each value as JSON, other clients as it is; both are strings here."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _text(value: Any) -> str:
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, default=str, sort_keys=True)
    return str(value)
