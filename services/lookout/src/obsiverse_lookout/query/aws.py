"""Calls of AWS's APIs for data sources, on threads of their own: botocore blocks.

A service's model is loaded when it is first asked, so that who never looks at logs has none of theirs in memory.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from obsiverse_lookout.data_sources import DataSource
from obsiverse_lookout.query.request import Query, QueryError
from obsiverse_lookout.query.signing import botocore, session

THREADS = 8
CONNECT_SECONDS, READ_SECONDS = 3, 25
DEFAULT_REGION = "default"
# As many data sources as anyone has, times regions and services.
CLIENTS_KEPT = 32


class Aws:
    """Clients of AWS by data source, service and region."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")
        self._clients: dict[tuple[int, int, str, str], Any] = {}
        self._turn = threading.Lock()

    def close(self) -> None:
        """Stop the threads once they are done."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def call[T](self, source: DataSource, service: str, region: str, ask: Callable[[Any], T]) -> T:
        """What `ask` gives for the service's client; it runs on a thread.

        Raises:
            QueryError: AWS refuses the call or does not answer.
        """

        def asked() -> T:
            return ask(self._client(source, service, region))

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, asked)
        except QueryError:
            raise
        except Exception as error:
            raise _told(error, source) from error

    def _client(self, source: DataSource, service: str, region: str) -> Any:
        key = (source.id, source.version, service, region)
        with self._turn:
            if key not in self._clients:
                if len(self._clients) >= CLIENTS_KEPT:
                    self._clients.pop(next(iter(self._clients)))
                self._clients[key] = session().create_client(
                    service,
                    region_name=region,
                    endpoint_url=source.json_data.get("endpoint") or None,
                    config=botocore("config").Config(
                        connect_timeout=CONNECT_SECONDS,
                        read_timeout=READ_SECONDS,
                        retries={"total_max_attempts": 2},
                        max_pool_connections=THREADS,
                        user_agent_extra="obsiverse-lookout",
                    ),
                    **_credentials(source),
                )
            return self._clients[key]


def region_of(source: DataSource, query: Query) -> str:
    """The region that a query goes to; raises QueryError 400 where none is said."""
    return region_named(source, query.text("region"))


def region_named(source: DataSource, name: str) -> str:
    """A region, or what `default` or nothing means to a data source; raises QueryError 400 where that says none."""
    if name and name != DEFAULT_REGION:
        return name
    if region := source.json_data.get("defaultRegion"):
        return str(region)
    raise QueryError(400, f"the data source {source.name} has no jsonData.defaultRegion; set one", "plugin")


def _credentials(source: DataSource) -> dict[str, str]:
    if source.json_data.get("authType") != "keys":
        return {}
    access, secret = source.secure.get("accessKey"), source.secure.get("secretKey")
    if not access or not secret:
        raise QueryError(400, f"the data source {source.name} has no accessKey and secretKey; set them", "plugin")
    made = {"aws_access_key_id": access, "aws_secret_access_key": secret}
    if token := source.secure.get("sessionToken"):
        made["aws_session_token"] = token
    return made


def _told(error: Exception, source: DataSource) -> Exception:
    known = botocore("exceptions")
    if isinstance(error, known.ClientError):
        answer: Any = cast("Any", error).response
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        said = answer.get("Error", {})
        return QueryError(status if status >= 400 else 500, f"{said.get('Code')}: {said.get('Message')}")
    if isinstance(error, known.NoCredentialsError):
        return QueryError(
            400,
            f"there are no AWS credentials for {source.name}: set its keys, or AWS_ACCESS_KEY_ID in the environment",
        )
    if isinstance(error, known.BotoCoreError):
        return QueryError(502, f"{source.name} does not answer: {error}")
    return error
