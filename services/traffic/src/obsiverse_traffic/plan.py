"""What is sent: the document of GET and PUT /traffic, kept on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

S3Url = Annotated[str, StringConstraints(pattern=r"^s3://[^/]+/.+$")]
Row = Annotated[str, StringConstraints(min_length=1)]


class Plan(BaseModel):
    """An endpoint, requests per second to it, and where their bodies come from: an S3 URL of a CSV file, or rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")] | None = None
    rate: float = Field(default=5.0, gt=0, le=10_000)
    seed: int = 0
    content_type: str = Field(default="text/csv", max_length=1024, pattern=r"^[\x21-\x7e][\x20-\x7e]*$")
    source: S3Url | Annotated[tuple[Row, ...], Field(min_length=1)] | None = None
    running: bool = False

    @model_validator(mode="after")
    def _running_needs_a_target(self) -> Self:
        missing = [name for name in ("endpoint", "source") if getattr(self, name) is None]
        if self.running and missing:
            raise ValueError(f"running needs {' and '.join(missing)}")
        return self

    def changed(self, fields: Mapping[str, object]) -> Plan:
        """This plan with some fields replaced; raises pydantic.ValidationError."""
        return Plan.model_validate({**self.model_dump(), **fields})


class PlanFile:
    """The plan on disk, replaced as a whole so that a crash leaves the old or the new one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Plan:
        """The plan kept last, or an empty one; raises pydantic.ValidationError where the file holds none."""
        try:
            return Plan.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return Plan()

    def write(self, plan: Plan) -> None:
        """Keep a plan; raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        with new.open("w") as file:
            json.dump(plan.model_dump(mode="json"), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
