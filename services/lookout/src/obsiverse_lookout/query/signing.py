"""Signature Version 4 for data sources that want it, and the credentials of those of AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from obsiverse_lookout.data_sources import DataSource
from obsiverse_lookout.query.request import QueryError

PROMETHEUS_SERVICE = "aps"


def botocore(name: str) -> Any:
    """A module of botocore, which is untyped; loaded when it is first asked for: it takes a tenth of a second and 20 MB."""
    return importlib.import_module(f"botocore.{name}")


@lru_cache(maxsize=1)
def session() -> Any:
    """botocore's session."""
    return botocore("session").get_session()


def signed_headers(
    source: DataSource, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> dict[str, str]:
    """The headers of a request, signed as the data source's sigV4 settings say.

    Raises:
        QueryError: 400, there is no region, or there are no credentials.
    """
    region = source.json_data.get("sigV4Region")
    if not region:
        raise QueryError(400, f"the data source {source.name} has no jsonData.sigV4Region; set one", "plugin")
    if source.json_data.get("sigV4AuthType") == "keys":
        access, secret = source.secure.get("sigV4AccessKey"), source.secure.get("sigV4SecretKey")
        if not access or not secret:
            raise QueryError(
                400, f"the data source {source.name} has no sigV4AccessKey and sigV4SecretKey; set them", "plugin"
            )
        credentials: Any = botocore("credentials").Credentials(access, secret)
    else:
        credentials = session().get_credentials()
        if credentials is None:
            raise QueryError(
                400,
                f"the data source {source.name} takes the credentials of Lookout's environment, and it has none; "
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sigV4AuthType keys",
                "plugin",
            )
    request = botocore("awsrequest").AWSRequest(method, url, headers=dict(headers), data=body)
    botocore("auth").SigV4Auth(credentials, PROMETHEUS_SERVICE, region).add_auth(request)
    return dict(request.headers.items())
