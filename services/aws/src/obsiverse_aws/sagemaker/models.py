"""The state of SageMaker's resources, as it is kept in the store."""

from __future__ import annotations

import math
import secrets
import time
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
    """A copy of a variant's containers: `since` is when it was asked for, `tasks` their names at the agent, in their order."""

    id: str
    tasks: list[str]
    since: float


@dataclass
class Container:
    """A container of a variant.

    Attributes:
        hostname: by which a direct invocation names it.
        archive: name of the copy of the model data, kept as long as the deployment is.
        multi_model: it loads models of those under the prefix `model_data` when they are asked for.
        metrics_path: where it shows metrics to Prometheus.
        metrics_seconds: how often they are read, if they are.
    """

    hostname: str
    image: str
    model_data: str | None
    environment: dict[str, str]
    archive: str
    multi_model: bool = False
    metrics_path: str = "/metrics"
    metrics_seconds: int = 60


@dataclass
class Variant:
    """A production or shadow variant, with all that its instances need, so that it outlives its model and configuration.

    Attributes:
        role: ARN of the role that the model was created with.
        containers: a request goes through them in this order, or with `direct` to the one that it names.
        startup_seconds: how long an instance may take until it is healthy.
        observed: whether the platform reads its containers' metrics; None where they send them as they like.
    """

    name: str
    model: str
    role: str
    containers: list[Container]
    direct: bool
    weight: float
    startup_seconds: int
    instance_type: str
    instances: list[Instance]
    observed: bool | None = None

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """Out of its JSON."""
        parts = {
            "containers": [Container(**container) for container in document["containers"]],
            "instances": [Instance(**instance) for instance in document["instances"]],
        }
        return cls(**{**document, **parts})

    def scale(self, endpoint: str, count: int) -> None:
        """Have this many instances: the latest go first."""
        del self.instances[count:]
        while len(self.instances) < count:
            identity = instance_id()
            stem = f"{endpoint}-{self.name}-{identity}"
            several = len(self.containers) > 1
            tasks = [f"{stem}-{container.hostname}" if several else stem for container in self.containers]
            self.instances.append(Instance(identity, tasks, time.time()))


@dataclass
class Deployment:
    """The variants of an endpoint under one of its configurations.

    Attributes:
        settings: what the configuration says of the endpoint as a whole: DataCaptureConfig, AsyncInferenceConfig, MetricsConfig.
    """

    config: str
    variants: list[Variant]
    shadows: list[Variant]
    settings: dict[str, Any]
    since: float

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """Out of its JSON."""
        variants, shadows = ([Variant.parse(one) for one in document[name]] for name in ("variants", "shadows"))
        return cls(document["config"], variants, shadows, document["settings"], document["since"])

    def instances(self, skip: float = 0.0, take: float = 1.0) -> list[tuple[Variant, Instance]]:
        """The instances with their variants.

        Args:
            skip, take: the share of each variant's instances at which to begin and to end, rounded up.
        """
        return [
            (variant, instance)
            for variant in (*self.variants, *self.shadows)
            for instance in variant.instances[share_of(skip, variant) : share_of(take, variant)]
        ]


def share_of(share: float, variant: Variant) -> int:
    """How many instances are at least a share of a variant's."""
    return math.ceil(share * len(variant.instances) - 1e-9)


@dataclass
class Update:
    """How an endpoint goes over from its current deployment to the pending one.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html

    Attributes:
        definition: the DeploymentConfig as it was given.
        shares: of the requests that the pending deployment takes, step by step; the last is 1.
        rolling: instances of the one replace those of the other step by step, else both are there in full.
        wait: seconds between two steps.
        termination_wait: seconds after the last step in which the current deployment stays.
        deadline: when the update is given up, Unix seconds.
        alarms: names of those that make the endpoint go back.
        step: the one reached; -1 before the first.
        since: when it was, Unix seconds.
    """

    definition: dict[str, Any]
    shares: list[float]
    rolling: bool
    wait: float
    termination_wait: float
    deadline: float | None
    alarms: list[str]
    step: int = -1
    since: float = 0.0

    @property
    def share(self) -> float:
        """Of the requests that the pending deployment takes now."""
        return 0.0 if self.step < 0 else self.shares[self.step]

    @property
    def is_last(self) -> bool:
        """Whether the pending deployment takes all requests."""
        return self.step == len(self.shares) - 1

    @property
    def hold(self) -> float:
        """Seconds between this step and the next, or the end."""
        if self.step < 0:
            return 0.0
        return self.termination_wait if self.is_last else self.wait


IN_PROGRESS = ("Creating", "Updating", "RollingBack", "Deleting")
"""The statuses of an endpoint that is on its way to another."""


@dataclass
class Endpoint(SageMakerResource):
    """An endpoint.

    Attributes:
        config: the configuration that it was last told to have.
        current: what answers; None until the first deployment is healthy.
        pending: what replaces it once it is healthy.
        update: how; there while `pending` is.
        last_deployment: the DeploymentConfig of CreateEndpoint, or of the last UpdateEndpoint.
    """

    KIND = "endpoint"
    NOUN = "endpoint"
    config: str
    modified: float
    status: str
    current: Deployment | None = None
    pending: Deployment | None = None
    update: Update | None = None
    last_deployment: dict[str, Any] | None = None
    failure_reason: str | None = None

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """Out of its JSON."""
        deployments = {
            name: Deployment.parse(document[name]) for name in ("current", "pending") if document[name] is not None
        }
        update = Update(**document["update"]) if document["update"] is not None else None
        return cls(**{**document, **deployments, "update": update})

    def kept(self) -> list[tuple[Variant, Instance]]:
        """The instances of the current deployment that are to be there."""
        if self.current is None:
            return []
        rolls = self.update is not None and self.update.rolling and self.status != "RollingBack"
        return self.current.instances(skip=self.update.share if rolls and self.update else 0.0)

    def wanted(self) -> list[tuple[Variant, Instance]]:
        """The instances of the pending deployment that are to be there: with a rolling update, those of the next step too."""
        if self.pending is None or self.update is None:
            return []
        if not self.update.rolling:
            return self.pending.instances()
        following = self.update.step + (self.status != "RollingBack")
        shares = self.update.shares
        return self.pending.instances(take=shares[min(following, len(shares) - 1)] if following >= 0 else 0.0)

    def tasks(self) -> set[str]:
        """The tasks that belong to it."""
        return {task for _, instance in (*self.kept(), *self.wanted()) for task in instance.tasks}

    def archives(self) -> set[str]:
        """The copies of model data that belong to it."""
        return {
            container.archive
            for deployment in (self.current, self.pending)
            if deployment is not None
            for variant in (*deployment.variants, *deployment.shadows)
            for container in variant.containers
        }


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
