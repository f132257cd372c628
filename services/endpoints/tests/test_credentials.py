"""Which secret a key has, and what is known of it while the edge is away."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import stat
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from edge import Edge
from obsiverse_dataplane.credential import Credential
from obsiverse_dataplane.credential_store import CredentialStore
from obsiverse_dataplane.credentials import Credentials, EdgeAwayError
from obsiverse_dataplane.edge_credentials import EdgeCredentials
from obsiverse_dataplane.errors import ServiceUnavailable, UnrecognizedClientException

KEY = "LKIAQAAAAAAAGMKEM7X5"
FOUND = Credential("111111111111", "of-the-key", None, None)


class Asked:
    """What the edge knows, how often it was asked, and whether it is away."""

    def __init__(self) -> None:
        self.keys: dict[str, Credential] = {}
        self.count = 0
        self.away = False
        self.now = 1e9

    async def ask(self, access_key: str) -> Credential | None:
        self.count += 1
        await asyncio.sleep(0)
        if self.away:
            raise EdgeAwayError("away")
        return self.keys.get(access_key)

    def credentials(self, folder: Path) -> Credentials:
        return Credentials(self.ask, CredentialStore(folder / "credentials.db"), lambda: self.now)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.mark.parametrize(
    ("key", "account"), [("123456789012", "123456789012"), ("test", "000000000000"), ("000000000000", "000000000000")]
)
async def test_accounts_are_known_without_the_edge(tmp_path, asked, key, account):
    asked.away = True
    assert await asked.credentials(tmp_path).find(key) == Credential(account, "test")
    assert asked.count == 0


async def test_key_of_the_edge_is_asked_for_once_in_five_minutes(tmp_path, asked):
    asked.keys[KEY] = FOUND
    credentials = asked.credentials(tmp_path)
    assert await asyncio.gather(*(credentials.find(KEY) for _ in range(5))) == [FOUND] * 5
    asked.now += 299
    assert await credentials.find(KEY) == FOUND
    assert asked.count == 1
    del asked.keys[KEY]
    asked.now += 2
    with pytest.raises(UnrecognizedClientException):
        await credentials.find(KEY)


async def test_unknown_key_is_asked_for_again_after_two_seconds(tmp_path, asked):
    credentials = asked.credentials(tmp_path)
    for _ in range(3):
        with pytest.raises(UnrecognizedClientException):
            await credentials.find(KEY)
    assert asked.count == 1
    asked.keys[KEY] = FOUND
    asked.now += 2.1
    assert await credentials.find(KEY) == FOUND


async def test_known_key_stays_known_while_the_edge_is_away_and_after_a_restart(tmp_path, asked):
    asked.keys[KEY] = FOUND
    credentials = asked.credentials(tmp_path)
    await credentials.find(KEY)
    asked.away = True
    asked.now += 3600
    for known in (credentials, asked.credentials(tmp_path)):
        assert await known.find(KEY) == FOUND
        count = asked.count
        assert await known.find(KEY) == FOUND
        assert asked.count == count, "an edge that is away is asked at every request"


async def test_key_that_the_edge_forgot_is_forgotten_on_disk(tmp_path, asked):
    asked.keys[KEY] = FOUND
    credentials = asked.credentials(tmp_path)
    await credentials.find(KEY)
    del asked.keys[KEY]
    asked.now += 301
    with pytest.raises(UnrecognizedClientException):
        await credentials.find(KEY)
    asked.away = True
    with pytest.raises(ServiceUnavailable):
        await asked.credentials(tmp_path).find(KEY)


async def test_key_that_can_not_be_asked_for_is_not_called_unknown(tmp_path, asked):
    asked.away = True
    credentials = asked.credentials(tmp_path)
    with pytest.raises(ServiceUnavailable):
        await credentials.find(KEY)
    asked.away, asked.keys[KEY], asked.now = False, FOUND, asked.now + 2.1
    assert await credentials.find(KEY) == FOUND


async def test_caller_who_goes_away_ends_no_one_else_s_question(tmp_path, asked):
    asked.keys[KEY] = FOUND
    credentials = asked.credentials(tmp_path)
    first, second = (asyncio.create_task(credentials.find(KEY)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == FOUND
    assert asked.count == 1


async def test_made_up_keys_take_no_more_and_more_memory(tmp_path, asked):
    credentials = asked.credentials(tmp_path)
    for number in range(3000):
        with pytest.raises(UnrecognizedClientException):
            await credentials.find(f"AKIA{number:016}")
    assert len(credentials._kept) <= 1024


@pytest.mark.parametrize("key", ["", "../routes", "a b", "k" * 129, "ключ"])
async def test_key_that_can_be_none_is_not_asked_for(tmp_path, asked, key):
    with pytest.raises(UnrecognizedClientException):
        await asked.credentials(tmp_path).find(key)
    assert asked.count == 0


async def test_disk_that_fails_refuses_no_caller(tmp_path, asked):
    asked.keys[KEY] = FOUND
    credentials = asked.credentials(tmp_path)
    other = sqlite3.connect(tmp_path / "credentials.db")
    other.execute("DROP TABLE credentials")
    assert await credentials.find(KEY) == FOUND


def test_secrets_are_the_owner_s_to_read_and_in_no_log(tmp_path):
    CredentialStore(tmp_path / "credentials.db").put(KEY, FOUND, 1.0)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert "of-the-key" not in repr(FOUND)


def test_credentials_that_are_over_leave_the_disk(tmp_path):
    store = CredentialStore(tmp_path / "credentials.db")
    store.put("old", Credential("1", "s", "t", 50.0), 1.0)
    store.put("new", FOUND, 60.0)
    assert [key for key, _, _ in store.load()] == ["new"]


@pytest.mark.parametrize("status", [404, 500, 503])
async def test_edge_that_only_starts_is_away(status):
    with Edge() as edge:
        edge.broken = status
        async with EdgeCredentials(edge.address) as asking:
            with pytest.raises(EdgeAwayError):
                await asking.ask(KEY)
            edge.broken = None
            assert await asking.ask(KEY) is None


async def test_answer_that_is_none_is_told_without_its_secret():
    with Edge() as edge:
        edge.keys[KEY] = {"secret_access_key": "of-the-key"}
        async with EdgeCredentials(edge.address) as asking:
            with pytest.raises(EdgeAwayError) as caught:
                await asking.ask(KEY)
    assert "of-the-key" not in str(caught.value)


def test_issued_key_invokes_while_the_edge_is_away_and_across_kill_9(start_service, shared_container):
    with Edge() as edge:
        edge.issue(KEY, "of-the-key", "111111111111")
        service = start_service(ENDPOINTS_AWS=edge.address)
        service.route("issued", {"v": (1, [shared_container.instance()])}, account="111111111111")
        client = service.client(KEY, secret="of-the-key")
        client.invoke_endpoint(EndpointName="issued", Body=b"1")
        client.invoke_endpoint(EndpointName="issued", Body=b"1")
        assert edge.asked == [KEY]
        with pytest.raises(ClientError) as caught:
            service.client(KEY, secret="wrong").invoke_endpoint(EndpointName="issued", Body=b"1")
        error = caught.value.response
        assert error["Error"]["Code"] == "InvalidSignatureException"
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    service.end(signal.SIGKILL)
    service.start()
    client.invoke_endpoint(EndpointName="issued", Body=b"1")
