"""The state of SageMaker's resources, as it is kept in the store."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from obsiverse_aws.store import Resource


@dataclass
class SageMakerResource(Resource):
    """A resource of SageMaker's."""

    NOUN: ClassVar[str]
    """As it stands in error messages."""

    @property
    def arn(self) -> str:
        """AWS lowers the name in ARNs."""
        return make_arn(self.account, self.region, self.KIND, self.name)


def make_arn(account: str, region: str, kind: str, name: str) -> str:
    """The ARN of a resource."""
    return f"arn:aws:sagemaker:{region}:{account}:{kind}/{name.lower()}"


@dataclass
class Model(SageMakerResource):
    """A model: `definition` is what CreateModel was given, without tags."""

    KIND = "model"
    NOUN = "model"
    definition: dict[str, Any]


@dataclass
class EndpointConfig(SageMakerResource):
    """An endpoint configuration: `definition` is what CreateEndpointConfig was given, without tags."""

    KIND = "endpoint-config"
    NOUN = "endpoint configuration"
    definition: dict[str, Any]


@dataclass
class Instance:
    """A copy of a variant's container: `task` is its name at the agent, `since` when it was asked for."""

    id: str
    task: str
    since: float


@dataclass
class Variant:
    """A production variant, with all that its instances need, so that it outlives its model and configuration.

    Attributes:
        role: ARN of the role that the model was created with.
        archive: name of the copy of the model data, kept as long as the deployment is.
        startup_seconds: how long an instance may take until it is healthy.
    """

    name: str
    model: str
    image: str
    role: str
    model_data: str | None
    environment: dict[str, str]
    weight: float
    archive: str
    startup_seconds: int
    instances: list[Instance]

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """Out of its JSON."""
        return cls(**{**document, "instances": [Instance(**instance) for instance in document["instances"]]})


@dataclass
class Deployment:
    """The variants of an endpoint under one of its configurations."""

    config: str
    variants: list[Variant]
    since: float

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """Out of its JSON."""
        return cls(document["config"], [Variant.parse(one) for one in document["variants"]], document["since"])

    def instances(self) -> list[tuple[Variant, Instance]]:
        """Every instance with its variant."""
        return [(variant, instance) for variant in self.variants for instance in variant.instances]


@dataclass
class Endpoint(SageMakerResource):
    """An endpoint.

    Attributes:
        config: the configuration that it was last told to have.
        current: what answers; None until the first deployment is healthy.
        pending: what replaces it once it is healthy.
    """

    KIND = "endpoint"
    NOUN = "endpoint"
    config: str
    modified: float
    status: str
    current: Deployment | None = None
    pending: Deployment | None = None
    failure_reason: str | None = None

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """Out of its JSON."""
        deployments = {
            name: Deployment.parse(document[name]) for name in ("current", "pending") if document[name] is not None
        }
        return cls(**{**document, **deployments})

    def deployments(self) -> list[Deployment]:
        """The one that answers and the one that is to."""
        return [one for one in (self.current, self.pending) if one is not None]

    def tasks(self) -> set[str]:
        """The tasks that belong to it."""
        return {instance.task for one in self.deployments() for _, instance in one.instances()}

    def archives(self) -> set[str]:
        """The copies of model data that belong to it."""
        return {variant.archive for one in self.deployments() for variant in one.variants}


ACTIVE = ("InProgress", "Stopping")


@dataclass
class TrainingJob(SageMakerResource):
    """A training job: `definition` is what CreateTrainingJob was given, without tags.

    Attributes:
        task: its name at the agent.
        transitions: AWS's SecondaryStatusTransitions, times in Unix seconds.
        metrics: name to (value, time) of the last line that a metric definition matched.
    """

    KIND = "training-job"
    NOUN = "training job"
    definition: dict[str, Any]
    task: str
    modified: float
    status: str = "InProgress"
    secondary_status: str = "Starting"
    transitions: list[dict[str, Any]] = field(default_factory=list)
    failure_reason: str | None = None
    started: float | None = None
    ended: float | None = None
    artifacts: str = ""
    metrics: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """It has not ended yet."""
        return self.status in ACTIVE


def instance_id() -> str:
    """A name of the form that EC2 gives."""
    return f"i-0{secrets.token_hex(8)}"
