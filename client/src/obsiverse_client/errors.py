"""What can go wrong between a client and the agent."""

from __future__ import annotations


class AgentError(Exception):
    """The agent refused a call.

    Attributes:
        status: the HTTP status.
        code: the API's name for it, such as `not_found`, `invalid_spec` or `start_failed`.
        message: what is wrong.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class AgentUnreachable(Exception):
    """No agent answers.

    Attributes:
        address: where it was looked for.
    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"no agent answers at {address} ({reason}). Start the stack with `make up`.")
        self.address = address
