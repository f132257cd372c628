"""What the platform is to be like: the key `obsiverse` of CDK's context (cdk.json, or `--context`)."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

CONTEXT = "obsiverse"


class InvalidSettings(Exception):
    """The context is wrong; its message names the key."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Notification(_Strict):
    """Who is told of alerts. An address that is a secret does not belong in cdk.json: give it with `--context`."""

    protocol: Literal["email", "email-json", "http", "https", "sms", "sqs", "lambda"]
    endpoint: str


class Endpoint(_Strict):
    """A SageMaker endpoint with one variant.

    Attributes:
        name: of the endpoint.
        artifact: key of its model.tar.gz in the bucket.
        environment: of the container. No secret belongs here.
        instances, most_instances: scaled between them, where they differ.
        requests_per_instance: a minute, that scaling keeps to.
        capture_percent: of requests that are kept in the bucket; 0 for none.
        most_latency_ms: the limit of p99 latency, above which an alarm fires.
    """

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$")]
    artifact: str
    environment: dict[str, str] = {}
    instance_type: Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$")] = "ml.m5.large"
    instances: Annotated[int, Field(ge=1)] = 1
    most_instances: Annotated[int, Field(ge=1)] = 1
    requests_per_instance: Annotated[float, Field(gt=0)] = 600
    capture_percent: Annotated[int, Field(ge=0, le=100)] = 0
    most_latency_ms: Annotated[float, Field(gt=0)] = 500

    @model_validator(mode="after")
    def _most_is_no_less(self) -> Endpoint:
        if self.most_instances < self.instances:
            raise ValueError(f"most_instances is {self.most_instances}, and instances {self.instances}")
        return self


class Canary(_Strict):
    """A share of the capacity first, all of it after a while without alarm."""

    percent: Annotated[int, Field(ge=1, le=50)] = 10
    seconds: Annotated[int, Field(ge=0, le=3600)] = 300


class Settings(_Strict):
    """All of it; every key may be left out.

    Attributes:
        name: of workspaces and roles, and what other names begin with.
        trace_groups: X-Ray groups: filter expressions by name.
        image_tag: of the model container's image in the repository that is made here.
        log_days: for how long logs are kept.
        indexing_percent: of traces that are indexed; what is above 1 is paid for.
        canary: how an endpoint goes over to another model.
    """

    name: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9-]{0,31}$")] = "obsiverse"
    image_tag: str = "latest"
    trace_groups: dict[str, str] = {}
    grafana: bool = True
    grafana_version: str | None = None
    notifications: tuple[Notification, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    log_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365] = 30
    indexing_percent: Annotated[float, Field(gt=0, le=100)] = 1
    canary: Canary = Canary()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Settings:
        names = [one.name for one in self.endpoints]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"endpoints has {', '.join(sorted(twice))} twice")
        return self

    @classmethod
    def read(cls, context: Any) -> Settings:
        """From the context: an object, or its JSON where `--context` gave it. Raises InvalidSettings."""
        try:
            return cls.model_validate(json.loads(context) if isinstance(context, str) else context)
        except json.JSONDecodeError as error:
            raise InvalidSettings(f"the context {CONTEXT} is no JSON: {error}") from None
        except ValidationError as error:
            told = [": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"]))) for one in error.errors()]
            raise InvalidSettings(f"the context {CONTEXT}: {'; '.join(told)}") from None
