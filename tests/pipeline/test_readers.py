"""Readers while others publish without a pause: no error, no wait, never two versions in one answer."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from tests.pipeline.reliability import record
from tests.pipeline.small_home import build, publish_state, published, read
from warehouse.home import CHECKOUT, Home
from warehouse.publishing.history import current_number, versions

READERS = 2
OLD_CLIENT = os.environ.get("REGIME_OLD_DUCKDB_PYTHON")


def start_reader(home: Home, opens: int, python: str = sys.executable) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [python, str(Path(__file__).with_name("versions_reader.py")), str(home.path), str(opens)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=CHECKOUT,
    )  # fmt: skip


def publish_until(home: Home, readers: "list[subprocess.Popen[str]]") -> tuple[int, list[dict]]:
    """Publish one state after another until the last reader has ended; how many, and what the readers found."""
    before = current_number(home)
    # What a reader tells is read along: a pipe that nobody empties would keep it from ending.
    with ThreadPoolExecutor(len(readers)) as pool:
        told = [pool.submit(reader.communicate) for reader in readers]
        while not all(one.done() for one in told):
            number = current_number(home) + 1
            build(home, number)
            publish_state(home)
    found = []
    for reader, (out, errors) in zip(readers, (one.result() for one in told), strict=True):
        assert reader.returncode == 0, errors[-2000:]
        found.append(json.loads(out))
    return current_number(home) - before, found


@pytest.mark.parametrize("opens", [600, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_open_fails_while_others_publish_without_a_pause(home, opens):
    published(home.path, 2)
    readers = [start_reader(home, opens // READERS) for _ in range(READERS)]
    publications, found = publish_until(home, readers)
    errors = [error for answer in found for error in answer["errors"]]
    assert not errors, errors
    assert sum(answer["opens"] for answer in found) == opens and publications >= 5
    assert min(answer["versions"] for answer in found) >= 5
    record(
        f"{opens:,} opens during publication",
        f"{READERS} processes open and ask while {publications} versions are published without a pause",
        "every answer is of one version, and of the one that the link named",
        0, opens, sum(answer["n_errors"] for answer in found), section="readers",
    )  # fmt: skip


def test_a_reader_keeps_its_version_long_after_it_was_dropped(home):
    published(home.path, 2)
    reader = duckdb.connect(str(home.warehouse), read_only=True)
    cursor = reader.execute("select state, row from marts.states order by row")
    first = cursor.fetchmany(10)
    for state in range(3, 10):
        build(home, state)
        publish_state(home)
        assert reader.execute("select max(publication_id) from raw.publications").fetchall() == [(2,)]
    assert 2 not in versions(home) and current_number(home) == 9
    assert first == [(2, row) for row in range(10)]
    assert reader.execute("select count(*), min(state), max(state) from marts.states").fetchall() == [(1000, 2, 2)]
    assert reader.execute("select count(*) from raw.candles").fetchall() == [(2,)]
    reader.close()
    assert read(home.path)[0] == 9
    record(
        "a connection held through 7 publications", "its version was dropped meanwhile; it asked after each",
        "the version that it had opened, to the end", 0, 1, 0, section="readers",
    )  # fmt: skip


@pytest.mark.skipif(not OLD_CLIENT, reason="name a Python that has DuckDB 1.5 in REGIME_OLD_DUCKDB_PYTHON")
def test_an_older_client_opens_what_is_published(home):
    published(home.path, 2)
    readers = [start_reader(home, 100, str(OLD_CLIENT))]
    _, (answer,) = publish_until(home, readers)
    assert answer["duckdb"].startswith("1.5") and not answer["errors"], answer["errors"]
    record(
        f"DuckDB {answer['duckdb']} as a client", "100 opens while versions are published", "it reads all of it",
        0, answer["opens"], answer["n_errors"], section="readers",
    )  # fmt: skip
