"""The traffic service's side of a scenario."""

from __future__ import annotations

import httpx

from obsiverse_scenario.errors import ScenarioError


def start(address: str, endpoint: str, rate: float, source: str, seed: int) -> None:
    """Have `source`'s rows sent to an endpoint, `rate` a second. Raises ScenarioError."""
    plan = {
        "endpoint": endpoint,
        "rate": rate,
        "seed": seed,
        "content_type": "text/csv",
        "source": source,
        "running": True,
    }
    try:
        httpx.put(f"http://{address}/traffic", json=plan, timeout=60).raise_for_status()
    except httpx.HTTPStatusError as error:
        raise ScenarioError(
            f"traffic refused the plan: {error.response.text}", "See `obsiverse logs traffic`."
        ) from error
    except httpx.HTTPError as error:
        raise ScenarioError(f"traffic at {address} does not answer: {error}", "See `obsiverse ps traffic`.") from error
