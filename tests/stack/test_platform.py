"""The platform around the model: every service healthy, mail and webhooks kept, the commands a user runs."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

import httpx
import pytest

pytestmark = pytest.mark.timeout(1800)
SERVICES = {
    "aws",
    "endpoints",
    "telemetry",
    "grafana",
    "mlflow",
    "prometheus",
    "alertmanager",
    "otel-collector",
    "inbox",
    "traffic",
}


def test_every_service_is_healthy(stack):
    rows = stack.rows()
    assert {name for name, row in rows.items() if row["kind"] == "service" and row["health"] == "healthy"} == SERVICES
    keys = {
        "name",
        "kind",
        "state",
        "health",
        "pid",
        "container",
        "ports",
        "cpu_percent",
        "rss_bytes",
        "uptime_seconds",
        "restarts",
    }
    assert all(set(row) == keys for row in rows.values())
    assert any(row["kind"] == "task" and row["health"] == "healthy" for row in rows.values())


def test_up_again_restarts_nothing(stack):
    before = {
        name: row["pid"] for name, row in stack.rows().items() if row["kind"] == "service" and row["state"] == "running"
    }
    stack.run("up", "--no-scenario")
    after = {
        name: row["pid"] for name, row in stack.rows().items() if row["kind"] == "service" and row["state"] == "running"
    }
    assert after == before


def test_prometheus_scrapes_what_the_collector_sends(stack, eventually):
    url = f"{stack.url('prometheus', 9090)}/api/v1/query"
    eventually(lambda: httpx.get(url, params={"query": "up"}).json()["data"]["result"], within=60)


def test_rules_are_loaded(stack):
    groups = httpx.get(f"{stack.url('prometheus', 9090)}/api/v1/rules").json()["data"]["groups"]
    assert groups and all(rule["health"] != "err" for group in groups for rule in group["rules"])


def test_mail_and_slack_messages_arrive_in_the_inbox(stack):
    url = stack.url("inbox", 8025)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "alarms@example.com", "team@example.com", "drift on clinical"
    mail.set_content("mean radius has drifted")
    smtp = stack.url("inbox", 1025).removeprefix("http://")
    host, port = smtp.split(":")
    with smtplib.SMTP(host, int(port)) as server:
        server.send_message(mail)
    sent = httpx.post(f"{url}/services/T000/B000/token", json={"text": "endpoint clinical rolled back"})
    assert (sent.status_code, sent.text) == (200, "ok")
    listed = httpx.get(f"{url}/api/messages").json()
    found = str(listed)
    assert "drift on clinical" in found
    assert "endpoint clinical rolled back" in found


def test_logs_show_a_services_lines(stack):
    lines = stack.json("logs", "scenario")
    assert any("accuracy" in line["line"] for line in lines)


def test_an_alert_reaches_the_inbox(stack, eventually):
    alert = [{"labels": {"alertname": "StackTest", "severity": "warning"}, "annotations": {"summary": "a test alert"}}]
    assert httpx.post(f"{stack.url('alertmanager', 9093)}/api/v2/alerts", json=alert).status_code == 200
    eventually(lambda: "StackTest" in httpx.get(f"{stack.url('inbox', 8025)}/api/messages").text, within=60)
