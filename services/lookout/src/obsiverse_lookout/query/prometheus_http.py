"""Requests to a data source that speaks Prometheus's HTTP API, plain or signed for Amazon Managed Prometheus.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlencode

import httpx

from obsiverse_lookout.data_sources import DataSource
from obsiverse_lookout.query.request import QueryError
from obsiverse_lookout.query.signing import signed_headers

# A year of one series by the minute is 20 MB; more than that at once is a mistake, and would not fit into memory either.
ANSWER_LIMIT = 64 * 1024 * 1024
FORM = "application/x-www-form-urlencoded"


class PrometheusHttp:
    """Sends requests to Prometheus data sources."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def data(self, source: DataSource, path: str, parameters: Mapping[str, str | list[str]]) -> dict[str, Any]:
        """The answer of a query: the whole of its JSON, `data`, `warnings` and `infos`.

        Raises:
            QueryError: the source refuses it or gives no answer that can be read.
        """
        encoded = urlencode(parameters, doseq=True)
        posted = str(source.json_data.get("httpMethod") or "POST").upper() != "GET"
        if posted:
            status, body, _ = await self.send(source, "POST", path, "", encoded.encode(), FORM)
        else:
            status, body, _ = await self.send(source, "GET", path, encoded)
        try:
            answer: object = json.loads(body)
        except ValueError:
            answer = None
        if isinstance(answer, dict):
            answer = cast("dict[str, Any]", answer)
            if answer.get("status") == "success" and status < 300:
                return answer
            if answer.get("error"):
                message = f"{answer.get('errorType', 'error')}: {answer['error']}"
                raise QueryError(status if status >= 400 else 400, message)
            if answer.get("message"):
                raise QueryError(
                    status if status >= 400 else 502, f"{source.name} answered {status}: {answer['message']}"
                )
        shown = body[:200].decode("utf-8", "replace").strip()
        raise QueryError(
            502 if status < 400 else status, f"{source.name} answered {status}, which is no result: {shown}"
        )

    async def send(
        self,
        source: DataSource,
        method: str,
        path: str,
        query: str = "",
        body: bytes = b"",
        content_type: str = "",
    ) -> tuple[int, bytes, str]:
        """Status, body and content type of the answer.

        Args:
            path: what follows the data source's URL, with its first slash.

        Raises:
            QueryError: 400 it has no URL, 502 it does not answer, 500 its answer is too long.
        """
        if not source.url:
            raise QueryError(400, f"the data source {source.name} has no url; set one", "plugin")
        # Browsers leave more characters as they are than a signature does: it is of RFC 3986's form.
        normal = urlencode(parse_qsl(query, keep_blank_values=True), quote_via=quote)
        url = f"{source.url}{path}" + (f"?{normal}" if normal else "")
        headers = {"Content-Type": content_type} if content_type else {}
        headers |= _own_headers(source)
        if source.json_data.get("sigV4Auth"):
            headers = signed_headers(source, method, url, headers, body)
        authorization = None
        if source.model.get("basicAuth"):
            authorization = (str(source.model.get("basicAuthUser") or ""), source.secure.get("basicAuthPassword", ""))
        try:
            async with self._client.stream(method, url, content=body, headers=headers, auth=authorization) as answer:
                received = bytearray()
                async for chunk in answer.aiter_bytes():
                    received += chunk
                    if len(received) > ANSWER_LIMIT:
                        raise QueryError(
                            500,
                            f"{source.name} answered more than {ANSWER_LIMIT // 1024**2} MB: ask for fewer series, "
                            "a shorter time or a longer step",
                        )
                return answer.status_code, bytes(received), answer.headers.get("content-type", "")
        except httpx.InvalidURL as error:
            raise QueryError(400, f"the url of the data source {source.name} is none: {error}", "plugin") from None
        except httpx.HTTPError as error:
            said = str(error) or type(error).__name__
            raise QueryError(502, f"{source.name} does not answer at {source.url}: {said}") from error


def _own_headers(source: DataSource) -> dict[str, str]:
    names = {
        key.removeprefix("httpHeaderName"): str(value)
        for key, value in source.json_data.items()
        if key.startswith("httpHeaderName")
    }
    return {name: source.secure.get(f"httpHeaderValue{number}", "") for number, name in names.items()}
