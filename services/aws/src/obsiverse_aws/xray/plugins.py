"""What LocalStack finds by entry points: X-Ray's requests go to the data plane, where there is one."""

from __future__ import annotations

import os
from typing import cast

from localstack.runtime import hooks

OTLP = "/v1/traces"


@hooks.on_infra_start()
def forward_xray() -> None:
    """Pass X-Ray's requests on, before LocalStack changes what was signed; TELEMETRY_ADDR (host:port) says where to."""
    import urllib3
    from localstack.aws.spec import load_service
    from localstack.services.edge import ROUTER

    from obsiverse_aws.forwarder import Forwarder
    from obsiverse_aws.state.reset import on_reset

    address = os.environ.get("TELEMETRY_ADDR")
    if not address:
        return
    service = load_service("xray")
    names = cast("list[str]", service.operation_names)
    paths = {str(service.operation_model(name).http["requestUri"]) for name in names}
    forward = Forwarder(address, "xray", "X-Ray")
    for path in (*sorted(paths), OTLP):
        ROUTER.add(path, forward, methods=["POST"])

    def forget(account: str) -> None:
        url = f"http://{address}/_obsiverse/xray/{account}"
        answer = urllib3.request("DELETE", url, timeout=60, retries=False)
        if answer.status >= 400:
            raise RuntimeError(f"X-Ray's data plane answers {answer.status} to DELETE {url}")

    on_reset(forget)
