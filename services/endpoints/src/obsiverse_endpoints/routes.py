"""What the edge writes: an endpoint's variants, their weights and their instances."""

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


class InstanceDocument(_Document):
    """A running copy of the model: an instance of AWS's, the task behind it, and where it listens."""

    id: str = Field(min_length=1)
    task: str | None = None
    url: Annotated[str, AfterValidator(_origin)]


class VariantDocument(_Document):
    """A production variant: its weight is relative to the others', and 0 takes no requests but those that target it."""

    name: str = Field(min_length=1, max_length=63)
    weight: float = Field(ge=0, allow_inf_nan=False)
    instances: tuple[InstanceDocument, ...] = ()


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
    """An endpoint; `asynchronous`, which is `async` in JSON, for one that takes InvokeEndpointAsync."""

    arn: str
    variants: tuple[VariantDocument, ...] = Field(min_length=1)
    asynchronous: AsyncDocument | None = Field(default=None, alias="async", exclude_if=lambda value: value is None)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [variant.name for variant in self.variants]
        if len(set(names)) != len(names):
            raise ValueError("two variants have the same name")
        return self
