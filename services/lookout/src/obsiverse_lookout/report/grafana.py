"""What a Grafana or a Lookout says of its dashboards: https://grafana.com/docs/grafana/latest/developers/http_api/"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self, cast

import httpx

from obsiverse_lookout.jsons import listing, mapping
from obsiverse_lookout.report.order import ReportError

PREFIX = "obsiverse-"
FIRST = "obsiverse-executive"
SECONDS = 30.0
# What a reader calls what the numbers come from.
SOURCES = {
    "grafana-amazonprometheus-datasource": "Amazon Managed Service for Prometheus",
    "prometheus": "Prometheus",
    "cloudwatch": "Amazon CloudWatch",
    "grafana-x-ray-datasource": "AWS X-Ray",
}


@dataclass(frozen=True)
class Dashboard:
    """One dashboard of those that the server has."""

    uid: str
    title: str
    description: str
    start: str
    end: str
    sources: tuple[str, ...]

    @classmethod
    def read(cls, uid: str, model: dict[str, Any]) -> Self:
        """From a dashboard's classic JSON."""
        time = mapping(model.get("time"))
        kinds = {str(mapping(each.get("datasource")).get("type", "")) for each in _asking(listing(model.get("panels")))}
        return cls(
            uid,
            str(model.get("title") or uid),
            str(model.get("description") or ""),
            str(time.get("from") or "now-6h"),
            str(time.get("to") or "now"),
            tuple(sorted(SOURCES[kind] for kind in kinds & SOURCES.keys())),
        )


def _asking(panels: list[Any]) -> Iterator[dict[str, Any]]:
    for panel in map(mapping, panels):
        yield panel
        yield from map(mapping, listing(panel.get("targets")))
        yield from _asking(listing(panel.get("panels")))


class Grafana:
    """A server of dashboards, asked as anyone may.

    Args:
        url: its address.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=SECONDS, follow_redirects=True)
        health = mapping(self._get("/api/health"))
        self.is_lookout = str(health.get("commit", "")).startswith("lookout")
        self.name = f"{'Lookout' if self.is_lookout else 'Grafana'} {health.get('version', '')}".strip()
        if self.is_lookout:
            self.name = f"Lookout {str(health['commit']).removeprefix('lookout-')}"

    def find(self, wanted: list[str]) -> list[Dashboard]:
        """Dashboards in the order that they were named; all, the one for managers first, where none is.

        Raises:
            ReportError: there are none, or not all that were named; the error lists those that there are.
        """
        found = [mapping(each) for each in cast("list[object]", self._get("/api/search?type=dash-db&limit=1000"))]
        titles = {str(each["uid"]): str(each["title"]) for each in found}
        if not titles:
            raise ReportError(
                f"{self.name} at {self.url} has no dashboards", "Look at its log for why none was loaded."
            )
        if not wanted:
            return [self._read(uid) for uid in sorted(titles, key=lambda uid: (uid != FIRST, titles[uid].lower()))]
        names: dict[str, str] = {}
        for uid, title in titles.items():
            names |= {title.lower(): uid, uid.removeprefix(PREFIX).lower(): uid, uid.lower(): uid}
        missing = [each for each in wanted if each.lower() not in names]
        if missing:
            known = ", ".join(sorted(uid.removeprefix(PREFIX) for uid in titles))
            raise ReportError(f"there is no dashboard {', '.join(missing)}", f"There are: {known}.")
        # One that was named twice is drawn once.
        return [self._read(uid) for uid in dict.fromkeys(names[each.lower()] for each in wanted)]

    def _read(self, uid: str) -> Dashboard:
        return Dashboard.read(uid, mapping(mapping(self._get(f"/api/dashboards/uid/{uid}")).get("dashboard")))

    def _get(self, path: str) -> object:
        try:
            answer = self._http.get(path)
            answer.raise_for_status()
            return answer.json()
        except httpx.HTTPStatusError as error:
            code = error.response.status_code
            hints = {401: "It has to let anyone look (anonymous viewers).", 404: "Is a Grafana at that address?"}
            hint = hints.get(401 if code == 403 else code, "Look at its log.")
            raise ReportError(f"{self.url}{path} answers {code}", hint) from None
        except httpx.HTTPError as error:
            what = str(error) or type(error).__name__
            raise ReportError(
                f"no dashboards answer at {self.url}: {what}", "Start the stack with `make up`."
            ) from None
        except ValueError:
            raise ReportError(f"{self.url} is no Grafana: it answers with no JSON", "Name one with --url.") from None
