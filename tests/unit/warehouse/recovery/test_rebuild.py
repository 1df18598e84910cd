import json
import os
import sqlite3
import subprocess
import sys

import duckdb
import pytest

from tests.pipeline.small_home import build, land, publish_state, published, read
from tests.unit.warehouse.batches import START, candles, negative_closes_stop, no_guard
from warehouse.contracts import CANDLES
from warehouse.database import connect
from warehouse.home import FORMAT, Home, HomeError
from warehouse.landing import Landing, LandingError
from warehouse.loading import load_landed
from warehouse.quarantine.verdicts import rejudge
from warehouse.recovery.rebuild import fault, mend, rebuild


@pytest.fixture
def grown(home) -> Home:
    """A home that grew batch by batch: news, a revision, a return to the older value, a held row, a released one."""
    published(home.path, 2)
    held = []
    for hour, closes in ((0, [1.0, 2.5]), (0, [1.0, 2.0]), (2, [-3.0]), (3, [-4.0])):
        batch = candles(closes, first_hour=hour)
        held.append(Landing(home).land(CANDLES, "binance", batch, [], negative_closes_stop))
        load(home)
    rejudge(held[2], no_guard, clock=START, rule="close_positive")
    load(home)
    return home


def load(home):
    with connect(home) as connection:
        load_landed(connection, home)


def contents(home, but=("builds", "run_context")):
    with connect(home, read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
        return {
            table: connection.execute(f"from raw.{table} order by all").fetchall()
            for (table,) in tables
            if table not in but
        }


def test_what_is_made_anew_is_what_grew_table_by_table(grown):
    before = contents(grown)
    made = rebuild(grown)
    assert contents(grown) == before and made.aside is None
    assert [len(before[name]) for name in ("candles", "loads", "quarantine")] == [5, 6, 2]
    assert read(grown.path)[:2] == (2, 2)
    assert fault(grown) is None


def test_the_models_are_built_anew_after_it(grown):
    rebuild(grown)
    with connect(grown) as connection:
        assert connection.execute("select count(*) from raw.builds").fetchall() == [(0,)]
    build(grown, 3)
    publish_state(grown)
    assert read(grown.path)[:2] == (3, 3)


def truncated(home):
    os.truncate(home.staging, home.staging.stat().st_size // 2)


def scribbled(home):
    with open(home.staging, "r+b") as file:
        file.seek(home.staging.stat().st_size // 3)
        file.write(os.urandom(home.staging.stat().st_size // 3))


def garbage(home):
    home.staging.write_bytes(b"not a database" * 1000)


def empty(home):
    home.staging.write_bytes(b"")


def of_sqlite(home):
    home.staging.unlink()
    with sqlite3.connect(home.staging) as connection:
        connection.execute("create table t (x)")


def foreign(home):
    home.staging.unlink()
    with duckdb.connect(str(home.staging)) as connection:
        connection.execute("create table t (x int)")


def of_another_home(home):
    other = Home(home.path / "other")
    published(other.path, 1)
    os.replace(other.staging, home.staging)


def other_tables(home):
    with connect(home) as connection:
        connection.execute("alter table raw.loads drop column origin")


DAMAGES = [truncated, scribbled, garbage, empty, of_sqlite, foreign, of_another_home, other_tables]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_staging_is_moved_aside_and_made_anew(grown, damage):
    before = contents(grown)
    damage(grown)
    bad, said = grown.staging.read_bytes(), []
    mend(grown, said.append)
    (aside,) = grown.path.glob("staging.set-aside-*.duckdb")
    assert aside.read_bytes() == bad and aside.name in said[0] and "made anew from landing" in said[0]
    assert contents(grown) == before and read(grown.path)[:2] == (2, 2)
    mend(grown, said.append)
    assert len(said) == 1


def test_a_staging_that_is_gone_is_made_anew(grown):
    before = contents(grown)
    grown.staging.unlink()
    mend(grown)
    assert contents(grown) == before and not list(grown.path.glob("staging.set-aside-*"))


def test_a_log_without_its_file_is_never_played_into_another(grown):
    before = contents(grown)
    os.rename(grown.staging, grown.staging.with_name("staging.duckdb.wal"))
    mend(grown)
    assert contents(grown) == before


def test_nothing_is_mended_where_nothing_is_wrong_or_nothing_is_there(home, tmp_path):
    said = []
    mend(home, said.append)
    published(home.path, 1)
    stands = home.staging.stat()
    mend(home, said.append)
    assert not said and home.staging.stat().st_mtime_ns == stands.st_mtime_ns


def test_a_staging_that_another_process_has_open_is_not_taken_for_damaged(grown, monkeypatch):
    monkeypatch.setattr("warehouse.database.OPEN_SECONDS", 0.2)
    holder = subprocess.Popen(
        [sys.executable, "-c", f"import duckdb, sys; c = duckdb.connect({str(grown.staging)!r});"
         "print('open', flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        holder.stdout.readline()
        with pytest.raises(HomeError, match="lock"):
            mend(grown)
    finally:
        holder.communicate()
    assert fault(grown) is None


def test_a_home_of_the_older_format_is_migrated_and_what_is_published_stays(grown):
    file = grown.path / "home.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 1}))
    with connect(grown) as connection:
        connection.execute("alter table raw.loads drop column clock_at")
    for version in grown.published.iterdir():
        (version / "publications.json").unlink()
    said = []
    mend(grown, said.append)
    assert grown.identity().format == FORMAT and "in format 1" in said[0]
    assert read(grown.path)[:2] == (2, 2) and not list(grown.path.glob("staging.set-aside-*"))
    build(grown, 3)
    assert publish_state(grown).publication_id == 3


def test_a_landed_file_that_is_damaged_stops_the_rebuild_and_the_old_file_stays(grown):
    before = contents(grown)
    parquet = next(grown.landing.glob("*/*/*/*.parquet"))
    parquet.chmod(0o644)
    parquet.write_bytes(b"rot")
    with pytest.raises(LandingError, match="changed after it landed"):
        rebuild(grown)
    assert contents(grown) == before


def test_rows_that_landing_has_lost_are_kept_in_the_old_file(grown):
    land(grown, [9.0], first_hour=9)
    load(grown)
    newest = max(grown.landing.glob("*/*/*/*.manifest.json"))
    newest.unlink()
    made = rebuild(grown)
    assert not made.is_complete and made.aside is not None and made.aside.exists()
