"""What the edge writes: an endpoint's variants, their weights and their instances (docs/design.md, "Data plane routes")."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from yarl import URL

_FOLDER = r"^s3://[^/]+(/.*)?$"
ResponseIn = Literal["SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"]


class RouteKey(NamedTuple):
    """An endpoint's place: names are unique within an account and region."""

    account: str
    region: str
    endpoint: str


def _origin(url: str) -> str:
    parsed = URL(url)
    if parsed.scheme != "http" or not parsed.host or str(parsed.origin()) != url.rstrip("/"):
        raise ValueError("must be http://host:port")
    return url.rstrip("/")


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, serialize_by_alias=True)


class MetricsDocument(_Document):
    """Where a container shows metrics to Prometheus, and how often they are read."""

    path: str = Field(pattern="^/")
    seconds: int = Field(gt=0)


class ContainerDocument(_Document):
    """A container of an instance, and where it listens; `metrics` where the platform reads them."""

    hostname: str
    url: Annotated[str, AfterValidator(_origin)]
    metrics: MetricsDocument | None = None


class InstanceDocument(_Document):
    """A running copy of a variant's containers, in the order in which a request goes through them; of type ml.…"""

    id: str = Field(min_length=1)
    type: str = ""
    containers: tuple[ContainerDocument, ...] = Field(min_length=1)


class PendingDocument(_Document):
    """The instances that an update brings, and the share of the variant's requests that they get by now."""

    share: float = Field(ge=0, le=1)
    instances: tuple[InstanceDocument, ...] = ()


class ShadowDocument(_Document):
    """A shadow variant: it gets copies of a share of the requests, and its answers reach nobody."""

    name: str = Field(min_length=1, max_length=63)
    share: float = Field(ge=0, le=1)
    instances: tuple[InstanceDocument, ...] = ()


class VariantDocument(_Document):
    """A production variant: its weight is relative to the others', and 0 takes no requests but those that target it.

    `direct`: a request names the one container that it is for. `multi_model`: it names the model.
    """

    name: str = Field(min_length=1, max_length=63)
    weight: float = Field(ge=0, allow_inf_nan=False)
    instances: tuple[InstanceDocument, ...] = ()
    pending: PendingDocument | None = None
    shadow: ShadowDocument | None = None
    direct: bool = False
    multi_model: bool = False


class CaptureDocument(_Document):
    """What is captured: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DataCaptureConfig.html."""

    destination: str = Field(pattern="s3://.+")
    percentage: int = Field(ge=0, le=100)
    input: bool
    output: bool
    csv_types: tuple[str, ...] = ()
    json_types: tuple[str, ...] = ()

    def encoding(self, content_type: str) -> Literal["CSV", "JSON", "BASE64"]:
        """How data of a content type is written; its parameters don't matter."""
        plain = content_type.partition(";")[0].strip().lower()
        if plain in self.csv_types:
            return "CSV"
        return "JSON" if plain in self.json_types else "BASE64"


class AsyncDocument(_Document):
    """An AsyncInferenceConfig: S3 URIs of folders, ARNs of SNS topics, and how much one instance works on at once."""

    output: str = Field(pattern=_FOLDER)
    failure: str | None = Field(default=None, pattern=_FOLDER)
    success_topic: str | None = None
    error_topic: str | None = None
    include_response_in: tuple[ResponseIn, ...] = ()
    max_concurrent: int = Field(default=4, ge=1, le=1000)
    kms_key: str | None = None


class RouteDocument(_Document):
    """An endpoint; `asynchronous`, which is `async` in JSON, for one that takes InvokeEndpointAsync.

    `enhanced`: CloudWatch gets the metrics of each instance too.
    """

    arn: str
    variants: tuple[VariantDocument, ...] = Field(min_length=1)
    capture: CaptureDocument | None = None
    enhanced: bool = False
    asynchronous: AsyncDocument | None = Field(default=None, alias="async", exclude_if=lambda value: value is None)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [variant.name for variant in self.variants]
        if len(set(names)) != len(names):
            raise ValueError("two variants have the same name")
        return self
