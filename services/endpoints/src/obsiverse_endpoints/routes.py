"""What the edge writes: an endpoint's variants, their weights and their instances."""

from __future__ import annotations

from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from yarl import URL


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
    model_config = ConfigDict(extra="forbid", frozen=True)


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


class RouteDocument(_Document):
    """An endpoint."""

    arn: str
    variants: tuple[VariantDocument, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [variant.name for variant in self.variants]
        if len(set(names)) != len(names):
            raise ValueError("two variants have the same name")
        return self
