"""An access key's secret, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credential:
    """What belongs to an access key; `expires_at` is in seconds since the epoch. Secrets stay out of logs."""

    account: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
