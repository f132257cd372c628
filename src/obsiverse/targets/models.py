"""A target as typed settings, and the environment it gives to programs."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(letter.isspace() for letter in value):
        raise ValueError(f"{value!r} is no http:// or https:// URL")
    if parts.port == 0:
        raise ValueError(f"{value!r} has no port that anything can listen on")
    if parts.username or parts.password:
        raise ValueError("a URL with a password in it does not belong in a file")
    return value.rstrip("/")


def _pattern(pattern: str) -> StringConstraints:
    return StringConstraints(pattern=pattern, strict=True)


AccountId = Annotated[str, _pattern(r"^[0-9]{12}$")]
Region = Annotated[str, _pattern(r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
Url = Annotated[str, AfterValidator(_url)]
RoleArn = Annotated[str, _pattern(r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$")]
Bucket = Annotated[str, _pattern(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
InstanceType = Annotated[str, _pattern(r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$")]
Words = Annotated[str, _pattern(r"^[^\s\x00-\x1f]+$")]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Credentials(_Settings):
    """Where credentials come from; none stands in the file.

    Attributes:
        source: `emulated`, the account as access key and "test" as secret; `profile`, one of ~/.aws; `environment`,
            whatever the shell, the container or the instance has.
        profile: its name.
    """

    source: Literal["emulated", "profile", "environment"]
    profile: Words | None = None

    @model_validator(mode="after")
    def _profile_is_named(self) -> Credentials:
        if (self.source == "profile") != (self.profile is not None):
            raise ValueError("source: profile needs profile, and the other sources have none")
        return self


class Endpoints(_Settings):
    """Where the APIs answer. What is left out is AWS's public endpoint of the region."""

    aws: Url | None = None
    sagemaker_runtime: Url | None = None
    amp_remote_write: Url | None = None
    amp_query: Url | None = None
    xray_traces: Url | None = None
    logs_otlp: Url | None = None


class Workspaces(_Settings):
    """Ids of workspaces."""

    amp: Words | None = None
    grafana: Words | None = None


class Roles(_Settings):
    """Roles that AWS services take on for us."""

    sagemaker: RoleArn


class Images(_Settings):
    """Container images: `registry` is where they are pushed, `model` the model container's whole name."""

    registry: Words
    model: Words


class InstanceTypes(_Settings):
    """SageMaker's machines for each kind of work."""

    training: InstanceType
    endpoint: InstanceType


class Notification(_Settings):
    """Who is told of alerts, through SNS. An address that is a secret does not belong in a file: write `${NAME}`."""

    protocol: Literal["email", "email-json", "http", "https", "sms", "sqs", "lambda"]
    endpoint: Words


class Canary(_Settings):
    """How an endpoint goes over to another model: a share of requests first, all of them after a while without alarm.

    Attributes:
        percent: of the capacity that takes requests first; at most 50.
        seconds: for how long.
    """

    percent: Annotated[int, Field(ge=1, le=50)] = 10
    seconds: Annotated[int, Field(ge=0, le=3600)] = 300


class Promotion(_Settings):
    """What promotion brings to the target. A pattern is a name, or one with `*` and `?`.

    Attributes:
        name: of what is made once: the workspaces' alias and name, the topic of alerts, and what other names begin with.
        grafana: whether there is a workspace of Managed Grafana.
        grafana_version: of a new one; the newest where none is said.
        endpoints: which of this machine's, with their models and artifacts.
        push_images: whether this machine's Docker engine pushes what models run to the target's ECR, where it is missing.
        alarms, topics, trace_groups: likewise.
        registered_models: which of this machine's MLflow, with their versions and runs.
        model_prefix: of their names, and of their experiments', in the target.
        notifications: who subscribes to the topic of alerts.
        indexing_percent: of traces that are indexed; what is above 1 is paid for.
        samples: for an endpoint, the s3:// address of rows (CSV) on this machine to compare its answers by.
        log_days: for how long logs are kept, as CloudWatch Logs counts them.
        files: folder for the collector's configuration, relative to the target's file; none: promoted/NAME there.
    """

    name: Annotated[str, _pattern(r"^[a-zA-Z][a-zA-Z0-9-]{0,31}$")] = "obsiverse"
    grafana: bool = True
    grafana_version: Annotated[str, _pattern(r"^[0-9]+\.[0-9]+$")] | None = None
    endpoints: tuple[Words, ...] = ("*",)
    push_images: bool = True
    alarms: tuple[Words, ...] = ("*",)
    topics: tuple[Words, ...] = ("*",)
    trace_groups: tuple[Words, ...] = ("*",)
    registered_models: tuple[Words, ...] = ("*",)
    model_prefix: Annotated[str, _pattern(r"^[A-Za-z0-9_.-]{0,32}$")] = ""
    notifications: tuple[Notification, ...] = ()
    canary: Canary = Canary()
    indexing_percent: Annotated[float, Field(gt=0, le=100)] = 1.0
    samples: dict[str, Annotated[str, _pattern(r"^s3://[^/]+/.+$")]] = {}
    log_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365] = 30
    files: Words | None = None


class Target(_Settings):
    """One place the topology runs in.

    Attributes:
        mlflow: a tracking server's URL, or the ARN of SageMaker's managed one.
        otlp: the collector, OTLP over HTTP.
        grafana: its URL.
        bucket: for training data, artifacts and captured requests.
        promote: what promotion brings there; None where it brings nothing.
    """

    name: Annotated[str, _pattern(r"^[a-z][a-z0-9-]*$")]
    account: AccountId
    region: Region
    credentials: Credentials
    endpoints: Endpoints = Endpoints()
    mlflow: Words
    otlp: Url
    grafana: Url | None = None
    bucket: Bucket
    workspaces: Workspaces = Workspaces()
    roles: Roles
    images: Images
    instance_types: InstanceTypes
    promote: Promotion | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Target:
        if self.credentials.source == "emulated" and self.endpoints.aws is None:
            raise ValueError("emulated credentials need endpoints.aws: AWS itself would refuse them")
        named = self.workspaces.amp or (self.endpoints.amp_remote_write and self.endpoints.amp_query)
        if not named and self.promote is None:
            raise ValueError(
                "set workspaces.amp, or both endpoints.amp_remote_write and endpoints.amp_query;"
                " or promote, which makes a workspace"
            )
        if f"::{self.account}:" not in self.roles.sagemaker:
            raise ValueError(f"roles.sagemaker is in another account than {self.account}")
        return self

    def environment(self) -> dict[str, str]:
        """The variables that configurations and SDKs read. One that is absent must not be set: see `shell_lines`."""
        endpoints, workspace = self.endpoints, self.workspaces.amp
        amp = self._public("aps-workspaces", f"workspaces/{workspace}") if workspace else None
        values: dict[str, str | None] = {
            "OBSIVERSE_TARGET": self.name,
            "AWS_ACCOUNT_ID": self.account,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            **self._credentials(),
            "AWS_ENDPOINT_URL": endpoints.aws,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": endpoints.sagemaker_runtime,
            "MLFLOW_TRACKING_URI": self.mlflow,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.otlp,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "AMP_WORKSPACE_ID": self.workspaces.amp,
            "AMP_REMOTE_WRITE_URL": endpoints.amp_remote_write or (amp and f"{amp}/api/v1/remote_write"),
            "AMP_QUERY_URL": endpoints.amp_query or amp,
            "XRAY_TRACES_ENDPOINT": endpoints.xray_traces or self._public("xray", "v1/traces"),
            "LOGS_OTLP_ENDPOINT": endpoints.logs_otlp or self._public("logs", "v1/logs"),
            "GRAFANA_URL": self.grafana,
            "GRAFANA_WORKSPACE_ID": self.workspaces.grafana,
            "OBSIVERSE_BUCKET": self.bucket,
            "IMAGE_REGISTRY": self.images.registry,
            "MODEL_IMAGE": self.images.model,
            "SAGEMAKER_ROLE_ARN": self.roles.sagemaker,
            "TRAINING_INSTANCE_TYPE": self.instance_types.training,
            "ENDPOINT_INSTANCE_TYPE": self.instance_types.endpoint,
        }
        return {name: value for name, value in values.items() if value is not None}

    def _credentials(self) -> dict[str, str | None]:
        match self.credentials.source:
            case "emulated":
                return {"AWS_ACCESS_KEY_ID": self.account, "AWS_SECRET_ACCESS_KEY": "test"}
            case "profile":
                return {"AWS_PROFILE": self.credentials.profile}
            case "environment":
                return {}

    def _public(self, service: str, path: str) -> str:
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"https://{service}.{self.region}.{domain}/{path}"
