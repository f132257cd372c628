"""Which operations change a service's state, by their names."""

from __future__ import annotations

from typing import Any

from localstack.aws.api import RequestContext

from obsiverse_aws.state.keeper import Keeper

READS = (
    "BatchGet",
    "BatchCheck",
    "Check",
    "Describe",
    "Detect",
    "Discover",
    "Estimate",
    "Filter",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Preview",
    "Query",
    "Scan",
    "Search",
    "Select",
    "Simulate",
    "Test",
    "Validate",
)


def reads(operation: str) -> bool:
    """Whether an operation leaves all as it was, as its name has it.

    What is wrong here is put right by the full save.
    """
    return operation.startswith(READS)


class ChangeSeen:
    """A finaliser of LocalStack's handler chain that tells the keeper what may have changed.

    It looks at failed operations too, since those may have changed something before they failed.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def __call__(self, chain: Any, context: RequestContext, response: Any) -> None:
        """Note an operation."""
        if context.service is None or context.operation is None:
            return
        service, operation = str(context.service.service_name), str(context.operation.name)
        if reads(operation):
            self._keeper.used(service)
        else:
            self._keeper.changed(service, context.account_id)
