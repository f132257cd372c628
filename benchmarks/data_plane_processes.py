"""What benchmarks/data_plane.py starts, each in a process of its own: `python data_plane_processes.py ROLE …`.

model PORT MS        a container that computes MS milliseconds, in the environment of services/endpoints
httpx PORT DATA      the data plane with httpx for aiohttp; httpx comes from BENCHMARK_TOOLS, a folder of packages
client ADDRESS …     load, where wrk is not installed: ADDRESS PATH HEADERS(JSON) BODY CONNECTIONS SECONDS
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Self


def model(port: str, milliseconds: str) -> None:
    """A model stand-in: it holds its one core for that long, as a forward pass does."""
    import uvicorn

    seconds = float(milliseconds) / 1000
    answer = b'{"predictions": [{"label": 1, "score": 0.98}]}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    uvicorn.run(app, port=int(port), loop="uvloop", http="httptools", lifespan="off", access_log=False)


def httpx_data_plane(port: str, data: str) -> None:
    """The data plane with the other client."""
    sys.path.append(os.environ["BENCHMARK_TOOLS"])
    import httpx
    import uvicorn
    from obsiverse_endpoints import Settings, create_app
    from obsiverse_endpoints.upstream import ANSWER_SECONDS, KEEPALIVE_SECONDS, Answer

    class HttpxUpstream:
        """obsiverse_endpoints.upstream.Upstream by httpx; good answers only."""

        async def __aenter__(self) -> Self:
            limits = httpx.Limits(max_connections=None, keepalive_expiry=KEEPALIVE_SECONDS)
            self.client = httpx.AsyncClient(limits=limits, timeout=ANSWER_SECONDS)
            return self

        async def __aexit__(self, *_: object) -> None:
            await self.client.aclose()

        async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
            answer = await self.client.post(url, content=body, headers=headers)
            return Answer(answer.status_code, answer.headers, answer.content)

    app = create_app(Settings(data=Path(data)), HttpxUpstream())
    uvicorn.run(app, port=int(port), loop="uvloop", http="httptools", access_log=False)


async def client(address: str, path: str, headers: str, body: str, connections: str, seconds: str) -> dict[str, float]:
    """Send as fast as answers come: requests per second and the median latency in milliseconds."""
    host, _, port = address.partition(":")
    head = "".join(f"{name}: {value}\r\n" for name, value in json.loads(headers).items())
    request = f"POST {path} HTTP/1.1\r\nHost: {address}\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
    latencies: list[float] = []
    end = time.perf_counter() + float(seconds)

    async def one() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        while (began := time.perf_counter()) < end:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200"), answer
            length = answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            latencies.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(int(connections))))
    latencies.sort()
    return {
        "requests_per_second": len(latencies) / (time.perf_counter() - began),
        "p50_ms": 1000 * latencies[len(latencies) // 2],
        "p99_ms": 1000 * latencies[len(latencies) * 99 // 100],
    }


def main(role: str, *arguments: str) -> None:
    """Run one role."""
    if role == "client":
        print(json.dumps(asyncio.run(client(*arguments))))
    else:
        {"model": model, "httpx": httpx_data_plane}[role](*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
