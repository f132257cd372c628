"""Grafana's organisations and service accounts, as its documentation has them, until Lookout serves them."""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LOCK = threading.Lock()


class Refused(Exception):
    def __init__(self, status: int, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.kind = status, message, kind


class Handler(BaseHTTPRequestHandler):
    file: Path
    password: str

    def log_message(self, *_: Any) -> None: ...

    def respond(self) -> None:
        with LOCK:
            state = json.loads(self.file.read_text())
            try:
                status, document = self.answer(state)
            except Refused as error:
                status, document = error.status, {"message": error.message, "messageId": error.kind}
            part = self.file.with_suffix(".part")
            part.write_text(json.dumps(state))
            part.replace(self.file)
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = respond  # noqa: N815

    def caller(self, state: dict[str, Any]) -> tuple[str, int]:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            if base64.b64decode(value).decode() != f"admin:{self.password}":
                raise Refused(401, "Invalid username or password")
            return "GrafanaAdmin", int(self.headers.get("X-Grafana-Org-Id", "1"))
        for token in state["tokens"]:
            if kind == "Bearer" and token["key"] == value and token["end"] > time.time():
                account = next(one for one in state["accounts"] if one["id"] == token["account"])
                return account["role"], account["orgId"]
        raise Refused(401, "Invalid API key")

    def answer(self, state: dict[str, Any]) -> tuple[int, Any]:
        url = urlsplit(self.path)
        path, query = [unquote(one) for one in url.path.split("/")[2:]], parse_qs(url.query)
        length = int(self.headers.get("Content-Length", "0"))
        body = json.loads(self.rfile.read(length)) if length else {}
        if path == ["health"]:
            return 200, {"database": "ok"}
        role, org = self.caller(state)
        if path == ["org"]:
            return 200, {"id": org, "name": state["orgs"][str(org)]}
        if role != "GrafanaAdmin":
            raise Refused(403, "You'll need additional permissions to perform this action.")
        match self.command, path:
            case "GET", ["orgs"]:
                return 200, [{"id": int(key), "name": name} for key, name in state["orgs"].items()]
            case "GET", ["orgs", "name", name]:
                for key, one in state["orgs"].items():
                    if one == name:
                        return 200, {"id": int(key), "name": name}
                raise Refused(404, "Organization not found")
            case "POST", ["orgs"]:
                if body["name"] in state["orgs"].values():
                    raise Refused(409, "Organization name taken")
                state["last"] += 1
                state["orgs"][str(state["last"])] = body["name"]
                return 200, {"message": "Organization created", "orgId": state["last"]}
            case "DELETE", ["orgs", key]:
                if state["orgs"].pop(key, None) is None:
                    raise Refused(404, "Failed to delete organization. ID not found")
                state["accounts"] = [one for one in state["accounts"] if one["orgId"] != int(key)]
                state["tokens"] = [one for one in state["tokens"] if one["org"] != int(key)]
                return 200, {"message": "Organization deleted"}
        if str(org) not in state["orgs"]:
            raise Refused(401, "Unauthorized")
        accounts = [one for one in state["accounts"] if one["orgId"] == org]
        match self.command, path:
            case "GET", ["serviceaccounts", "search"]:
                size, page = int(query["perpage"][0]), int(query["page"][0])
                for one in accounts:
                    one["tokens"] = len([token for token in state["tokens"] if token["account"] == one["id"]])
                found = accounts[size * (page - 1) : size * page]
                return 200, {"totalCount": len(accounts), "serviceAccounts": found, "page": page, "perPage": size}
            case "POST", ["serviceaccounts"]:
                if not body["name"].strip():
                    raise Refused(400, "bad request data")
                if any(one["name"] == body["name"] for one in accounts):
                    raise Refused(400, "service account already exists", "serviceaccounts.ErrAlreadyExists")
                state["last"] += 1
                state["accounts"].append({"id": state["last"], "orgId": org, "tokens": 0, **body})
                return 201, state["accounts"][-1]
        account = next((one for one in accounts if str(one["id"]) == path[1]), None)
        if account is None:
            raise Refused(404, "service account not found")
        tokens = [one for one in state["tokens"] if one["account"] == account["id"]]
        match self.command, path[2:]:
            case "DELETE", []:
                state["accounts"].remove(account)
                state["tokens"] = [one for one in state["tokens"] if one["account"] != account["id"]]
                return 200, {"message": "Service account deleted"}
            case "GET", ["tokens"]:
                return 200, [{key: one[key] for key in ("id", "name", "created", "expiration")} for one in tokens]
            case "POST", ["tokens"]:
                if any(one["name"] == body["name"] and one["org"] == org for one in state["tokens"]):
                    raise Refused(400, "name exists", "serviceaccounts.ErrTokenAlreadyExists")
                state["last"] += 1
                now = time.time()
                end = now + body["secondsToLive"]
                made = {"id": state["last"], "name": body["name"], "key": f"glsa_{secrets.token_hex(16)}"}
                times = {"created": iso(now), "expiration": iso(end), "end": end}
                state["tokens"].append({**made, **times, "account": account["id"], "org": org})
                return 200, made
            case "DELETE", ["tokens", key]:
                for one in tokens:
                    if str(one["id"]) == key:
                        state["tokens"].remove(one)
                        return 200, {"message": "Service account token deleted"}
                raise Refused(404, "service account token not found")
        raise Refused(404, "Not found")


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")


def main() -> None:
    host, _, port = os.environ["LOOKOUT_LISTEN"].rpartition(":")
    folder = Path(os.environ["LOOKOUT_DATA"])
    folder.mkdir(parents=True, exist_ok=True)
    Handler.file = folder / "state.json"
    if not Handler.file.exists():
        state = {"orgs": {"1": "Main Org."}, "accounts": [], "tokens": [], "last": 1}
        Handler.file.write_text(json.dumps(state))
    file = Path(os.environ["LOOKOUT_ADMIN_PASSWORD_FILE"])
    if not file.exists():
        file.write_text(secrets.token_urlsafe())
    Handler.password = file.read_text()
    ThreadingHTTPServer((host, int(port)), Handler).serve_forever()


if __name__ == "__main__":
    sys.exit(main())
