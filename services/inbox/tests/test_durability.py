"""What was acknowledged stays: through kill -9, retention, a full disk, and a stop with pages open."""

from __future__ import annotations

import json
import os
import resource
import smtplib
import subprocess
import sys

import pytest
from obsiverse_inbox.messages import Incoming
from obsiverse_inbox.store import Store, StoreError


def incoming(text: str) -> Incoming:
    return Incoming("slack", "test", (), text, text, text.encode())


def test_kill_9_after_the_acknowledgement_loses_nothing(start, mail):
    inbox = start()
    for round_ in range(3):
        inbox.send(mail(f"mail {round_}"))
        assert inbox.slack({"text": f"slack {round_}"}).text == "ok"
        inbox.kill()
    expected = [f"{kind} {round_}" for round_ in (2, 1, 0) for kind in ("slack", "mail")]
    assert [message["subject"] for message in inbox.messages()] == expected


def test_only_the_latest_messages_are_kept(start):
    inbox = start(INBOX_KEEP="3")
    for number in range(5):
        inbox.slack({"text": f"message {number}"})
    assert [message["subject"] for message in inbox.messages()] == ["message 4", "message 3", "message 2"]


def test_stop_does_not_wait_for_open_pages(start):
    inbox = start()
    with inbox.http.stream("GET", "/events", timeout=20) as stream:
        assert next(stream.iter_lines()) == "retry: 1000"
        assert inbox.stop() == 0


@pytest.fixture
def full(tmp_path):
    """A store whose file may not grow any more."""
    store = Store(tmp_path, keep=100)
    store.add(incoming("kept"))
    pages = store._database.execute("PRAGMA page_count").fetchone()[0]
    store._database.execute(f"PRAGMA max_page_count = {pages}")
    yield store
    store.close()


def test_message_that_does_not_fit_on_the_disk_is_refused_and_the_rest_stays(full):
    with pytest.raises(StoreError, match="full"):
        full.add(incoming("x" * 100_000))
    assert [summary.subject for summary in full.list()] == ["kept"]
    assert full.clear() == 1


def test_unusable_folder_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't hold the inbox"):
        Store(tmp_path / "file", keep=1)


def test_taken_port_ends_the_start_with_the_reason(start, tmp_path):
    inbox = start()
    again = subprocess.run(
        [sys.executable, "-m", "obsiverse_inbox"],
        env={**inbox.environment, "INBOX_DATA": str(tmp_path / "other")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert again.returncode == 1
    assert "can't start" in again.stderr
    assert "Traceback" not in again.stderr


@pytest.mark.parametrize(
    ("name", "value"), [("INBOX_LISTEN", "nowhere"), ("INBOX_SMTP_LISTEN", "a:70000"), ("INBOX_KEEP", "0")]
)
def test_bad_setting_is_named(name, value):
    done = subprocess.run(
        [sys.executable, "-m", "obsiverse_inbox"],
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert name.removeprefix("INBOX_").lower() in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits another process by Linux's prlimit")
def test_senders_are_told_to_try_again_when_the_disk_is_full(start, mail):
    inbox = start()
    resource.prlimit(inbox.process.pid, resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port) as smtp, pytest.raises(smtplib.SMTPDataError) as refused:
        smtp.send_message(mail(text="x" * 500_000))
    assert refused.value.smtp_code == 452
    assert inbox.slack({"text": "x" * 500_000}).status_code == 500
    notification = json.dumps({"Type": "Notification", "Message": "x" * 500_000})
    assert inbox.http.post("/sns", content=notification).status_code == 507
    resource.prlimit(inbox.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    inbox.send(mail("space again"))
    assert [message["subject"] for message in inbox.messages()] == ["space again"]
