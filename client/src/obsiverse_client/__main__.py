"""`python -m obsiverse_client METHOD PATH[?QUERY] [JSON]`: one call of the agent's API, for who can run a program beside it.

The HTTP status is printed as the first line, then the answer as it comes. The socket is OBSIVERSE_AGENT's, else that of the agent's
container. Ends with 0 where the agent agrees, 1 where it refuses, 3 where none answers.
"""

from __future__ import annotations

import json
import os
import sys

from obsiverse_client.connection import Connector
from obsiverse_client.errors import AgentError, AgentUnreachable

IN_ITS_CONTAINER = "unix:///run/obsiverse/agent.sock"
PATIENCE = 5.0
CHUNK = 64 * 1024
REFUSED, UNREACHABLE, USAGE = 1, 3, 2


def main(arguments: list[str]) -> int:
    """Make the call; the exit code."""
    if len(arguments) not in (2, 3) or not arguments[1].startswith("/"):
        print("usage: python -m obsiverse_client METHOD PATH[?QUERY] [JSON]", file=sys.stderr)
        return USAGE
    method, target, *given = arguments
    body = given[0].encode() if given else None
    connector = Connector(os.environ.get("OBSIVERSE_AGENT", IN_ITS_CONTAINER), PATIENCE)
    try:
        response = connector.open(method, target, body=body, timeout=None)
        with connector.reading(response):
            _write(f"{response.status}\n".encode())
            while chunk := response.read1(CHUNK):
                _write(chunk)
    except AgentError as error:
        _write(f"{error.status}\n".encode())
        _write(json.dumps({"error": {"code": error.code, "message": error.message}}).encode())
        return REFUSED
    except AgentUnreachable as error:
        print(error, file=sys.stderr)
        return UNREACHABLE
    return 0


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
