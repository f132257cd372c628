"""Pages of List operations."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from obsiverse_aws.sagemaker.listing import page
from obsiverse_aws.sagemaker.models import Model

RESOURCES = st.dictionaries(st.text("abAB-1", min_size=1, max_size=4), st.integers(0, 3), max_size=20)
ORDERS = st.fixed_dictionaries(
    {},
    optional={
        "SortBy": st.sampled_from(["Name", "CreationTime"]),
        "SortOrder": st.sampled_from(["Ascending", "Descending"]),
    },
)


@given(RESOURCES, ORDERS, st.integers(1, 7))
def test_pages_together_are_every_resource_once_and_in_order(
    created: dict[str, int], order: dict[str, str], size: int
) -> None:
    models = [Model("0" * 12, "r", name, float(at), {}, {}) for name, at in created.items()]
    found: list[Model] = []
    token: dict[str, Any] = {}
    while True:
        answer = page(models, {**order, **token, "MaxResults": size}, lambda one: {"model": one}, member="Models")
        found += [one["model"] for one in answer["Models"]]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    by_name = order.get("SortBy") == "Name"
    expected = sorted(models, key=lambda one: (one.name,) if by_name else (one.created, one.name))
    assert found == (expected if order.get("SortOrder") == "Ascending" else expected[::-1])
