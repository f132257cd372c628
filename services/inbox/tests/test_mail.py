"""Mail: over real sockets, and its parsing alone."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_inbox import mail as mails


def test_mail_is_listed_with_its_envelopes_recipients(inbox, mail):
    inbox.send(mail(), to=["team@example.com", "hidden@example.com"])
    [message] = inbox.messages()
    assert message["kind"] == "mail"
    assert message["from"] == "alarms@example.com"
    assert message["to"] == ["team@example.com", "hidden@example.com"]
    assert message["subject"] == "drift on clinical"
    assert message["preview"] == "mean radius has drifted"


def test_unicode_survives_in_subject_sender_and_body(inbox, mail):
    inbox.send(mail("Größe drückt ↗ 模型", "Ångström über 雪", sender='"Jürgen Größer" <j@example.com>'))
    message = inbox.latest()
    assert message["subject"] == "Größe drückt ↗ 模型"
    assert message["text"] == "Ångström über 雪"
    assert "Jürgen Größer" in message["from"]


def test_smtputf8_headers_are_read(inbox):
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port) as smtp:
        smtp.sendmail(
            "a@example.com",
            ["b@example.com"],
            "From: a@example.com\r\nSubject: grün ✓\r\n\r\nhallo".encode(),
            mail_options=["SMTPUTF8", "BODY=8BITMIME"],
        )
    assert inbox.latest()["subject"] == "grün ✓"


def test_multipart_mail_gives_text_html_and_attachments(inbox, mail):
    message = mail(text="plain words")
    message.add_alternative("<p>rich <b>words</b></p>", subtype="html")
    message.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="größe.csv")
    message.add_attachment(bytes(range(256)), maintype="application", subtype="octet-stream", filename="model.bin")
    inbox.send(message)
    got = inbox.latest()
    assert got["text"] == "plain words"
    assert got["html"].strip() == "<p>rich <b>words</b></p>"
    assert [(file["filename"], file["size"]) for file in got["attachments"]] == [("größe.csv", 8), ("model.bin", 256)]
    file = inbox.http.get(f"/api/messages/{got['id']}/attachments/1")
    assert file.content == bytes(range(256))
    assert file.headers["content-disposition"].startswith("attachment")
    assert inbox.http.get(f"/api/messages/{got['id']}/attachments/2").status_code == 404


def test_mail_in_a_mail_is_an_attachment(inbox, mail):
    outer = mail("outer")
    outer.add_attachment(mail("inner", "inner words"))
    inbox.send(outer)
    got = inbox.latest()
    assert got["text"] == "mean radius has drifted"
    [file] = got["attachments"]
    assert file["content_type"] == "message/rfc822"
    assert b"inner words" in inbox.http.get(f"/api/messages/{got['id']}/attachments/0").content


def test_html_only_mail_is_searchable_by_its_words(inbox):
    message = EmailMessage()
    message["Subject"] = "report"
    message["To"] = "team@example.com"
    message.set_content("<style>p{color:red}</style><p>drift of <b>texture</b></p><p>next</p>", subtype="html")
    inbox.send(message)
    assert inbox.latest()["text"] == "drift of texture\nnext"
    assert len(inbox.messages(q="TEXTURE")) == 1
    assert not inbox.messages(q="color")


def test_raw_is_what_was_sent(inbox):
    raw = b"Subject: raw\r\nX-Odd:  two  spaces\r\n\r\nline\r\n..dot\r\n"
    inbox.send_bytes(raw)
    response = inbox.http.get(f"/api/messages/{inbox.messages()[0]['id']}/raw")
    assert response.content == raw
    assert response.headers["content-type"] == "text/plain"
    assert "sandbox" in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no headers at all",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: text/plain; charset=no-such\r\n\r\nwords",
        b"Subject: =?no-such?q?x?=\r\n\r\nwords",
        b"Subject: =?utf-8?b?!!!?=\r\n\r\nwords",
        b"Content-Transfer-Encoding: base64\r\n\r\n*not base64*",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000)),
    ],
    ids=["empty", "no headers", "no boundary", "charset", "word charset", "word", "base64", "nested"],
)
def test_malformed_mail_is_kept(inbox, raw):
    inbox.send_bytes(raw)
    [message] = inbox.messages()
    assert inbox.http.get(f"/api/messages/{message['id']}").status_code == 200
    assert inbox.http.get("/", params={"id": message["id"]}).status_code == 200


def test_mail_beyond_the_size_limit_is_refused_with_552(inbox):
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port) as smtp:
        smtp.ehlo()
        limit = int(smtp.esmtp_features["size"])
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            smtp.sendmail("a@example.com", ["b@example.com"], "x" * (limit + 1))
    assert refused.value.smtp_code == 552
    assert inbox.messages() == []


header_text = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200)


body_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=500)


@given(subject=header_text, text=body_text)
def test_any_text_comes_back_as_it_was_sent(subject, text):
    message = EmailMessage()
    message["Subject"] = subject
    message.set_content(text)
    parsed = mails.parse(message.as_bytes())
    assert parsed.subject.split() == subject.split()
    assert (parsed.text or "").rstrip("\n") == text.rstrip("\n")


@given(st.binary(max_size=400))
def test_no_bytes_break_the_parser(raw):
    mails.incoming(b"Content-Type: multipart/mixed; boundary=b\r\nSubject: " + raw, "a@example.com", ["b@example.com"])
    mails.incoming(raw, "", [])
