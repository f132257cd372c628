"""Names of what can't be changed: they say what it is, so that something else has another."""

from __future__ import annotations

import hashlib
import json
from typing import Any

LONGEST = 63
"""Characters of a SageMaker name."""


def named(name: str, properties: dict[str, Any]) -> str:
    """A name with a digest of properties at its end."""
    digest = hashlib.sha256(json.dumps(properties, sort_keys=True, default=str).encode()).hexdigest()[:8]
    return f"{name[: LONGEST - 9]}-{digest}"
