"""The SQLite file that threads share."""

from __future__ import annotations

import contextlib
import sqlite3
import threading

import pytest
from obsiverse_dataplane.database import Database

SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n"


def test_closing_waits_for_the_statement_that_another_thread_runs(tmp_path):
    database = Database(tmp_path / "folder" / "a.db", "CREATE TABLE IF NOT EXISTS t (a)")
    started = threading.Event()
    rows = []

    def work():
        started.set()
        with contextlib.suppress(sqlite3.ProgrammingError):
            rows.extend(database.execute(SLOW))

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    database.close()
    thread.join()
    # Either its turn came first, or it found the file closed; a crash of the process is neither.
    assert rows in ([(3000000,)], [])
    with pytest.raises(sqlite3.ProgrammingError):
        database.execute("SELECT 1")


def test_statements_of_many_threads_are_all_kept(tmp_path):
    database = Database(tmp_path / "a.db", "CREATE TABLE IF NOT EXISTS t (a)")
    threads = [
        threading.Thread(target=lambda n=n: [database.execute("INSERT INTO t VALUES (?)", (n,)) for _ in range(20)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.close()
    again = Database(tmp_path / "a.db", "CREATE TABLE IF NOT EXISTS t (a)")
    assert again.execute("SELECT count(*) FROM t") == [(160,)]
    again.close()
