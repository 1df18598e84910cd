import errno
import shutil
from types import SimpleNamespace

import duckdb
import pytest

from tests.unit.warehouse.batches import START, build, candles, no_guard
from warehouse.contracts import CANDLES
from warehouse.database import connect
from warehouse.home import HomeError
from warehouse.landing import Landing
from warehouse.loading import load_landed
from warehouse.publishing import publish as publishing
from warehouse.publishing.history import KEPT_VERSIONS
from warehouse.publishing.publish import NotPublishable, publish
from warehouse.source import Source
from warehouse.week import Week

SOURCE = Source("simulated", "http://127.0.0.1:1", START, START)
WEEK = Week.parse("2025-W47")


def write_page(connection, week, directory):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "summary.md").write_text(f"week of {week}")


def publish_week(home, week=WEEK):
    return publish(home, SOURCE, [week], write_page, code_version="test")


@pytest.fixture
def built(home):
    with connect(home) as connection:
        Landing(home).land(CANDLES, "binance", candles([1.0]), [], no_guard)
        load_landed(connection, home)
        connection.execute("create schema marts; create table marts.t as select 1 as x")
        build(connection, is_passed=True)
    return home


def published_rows(home):
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(
            "select publication_id, is_simulated, first_week, last_week from raw.publications order by 1"
        ).fetchall()


def test_database_and_pages_appear_together(built):
    publish_week(built)
    assert (built.reports / "2025-W47" / "summary.md").read_text() == "week of 2025-W47"
    assert published_rows(built) == [(1, True, WEEK.start, WEEK.start)]
    assert not list(built.published.rglob("*.wal"))


def test_older_pages_stay_and_old_versions_go(built):
    publish_week(built, WEEK.previous)
    for _ in range(KEPT_VERSIONS):
        publish_week(built)
    assert sorted(p.name for p in built.reports.iterdir()) == ["2025-W46", "2025-W47"]
    assert len(list(built.published.iterdir())) == KEPT_VERSIONS
    assert [row[0] for row in published_rows(built)] == list(range(1, KEPT_VERSIONS + 2))


def test_the_same_state_has_the_same_digest(built):
    assert publish_week(built).digest == publish_week(built).digest
    with connect(built) as connection:
        connection.execute("insert into marts.t values (2)")
    assert len({publish_week(built).digest, published_digest(built, 1)}) == 2


def published_digest(home, number):
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute("select digest from raw.publications where publication_id = ?", [number]).fetchall()[
            0
        ][0]


def test_a_failed_build_publishes_nothing_and_the_last_week_stays(built):
    publish_week(built)
    with connect(built) as connection:
        build(connection, is_passed=False)
    with pytest.raises(NotPublishable, match="failed its tests"):
        publish_week(built)
    assert len(published_rows(built)) == 1


@pytest.mark.parametrize("step", ["publish._clone", "publish._complete", "publish._sync_tree", "swap.swap_link"])
def test_a_publication_that_dies_leaves_the_old_one(built, monkeypatch, step):
    publish_week(built)

    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"warehouse.publishing.{step}", dies)
        with pytest.raises(KeyboardInterrupt):
            publish_week(built)
    assert len(published_rows(built)) == 1
    publish_week(built)
    assert len(published_rows(built)) == 2


def test_a_reader_that_holds_its_connection_keeps_its_version(built):
    publish_week(built)
    reader = duckdb.connect(str(built.warehouse.resolve()), read_only=True)
    with connect(built) as connection:
        connection.execute("insert into marts.t values (2)")
    publish_week(built)
    assert reader.execute("select count(*) from marts.t").fetchall() == [(1,)]
    reader.close()
    with duckdb.connect(str(built.warehouse.resolve()), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.t").fetchall() == [(2,)]


def test_a_damaged_publication_is_replaced_by_the_next(built):
    publish_week(built)
    (built.current / "warehouse.duckdb").write_bytes(b"not a database" * 1000)
    publish_week(built)
    assert [row[0] for row in published_rows(built)] == [1, 2]  # its history lies beside it


def test_a_build_that_did_not_end_publishes_nothing(built):
    with connect(built) as connection:
        connection.execute("insert into raw.builds (build_id, load_id, is_passed) values (99, 99, false)")
    with pytest.raises(NotPublishable, match="did not end"):
        publish_week(built)


def test_a_disk_that_is_too_full_is_found_before_anything_is_copied(built, monkeypatch):
    publish_week(built)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    with pytest.raises(NotPublishable, match=r"1 MB free and a publication needs .* run again"):
        publish_week(built)
    assert len(published_rows(built)) == 1 and [p.name for p in built.published.iterdir()] == ["1"]


def test_a_publication_that_finds_no_space_half_way_gives_back_what_it_took(built, monkeypatch):
    publish_week(built)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "_clone", full)
        with pytest.raises(OSError, match="No space"):
            publish_week(built)
    assert [p.name for p in built.published.iterdir()] == ["1"]
    assert publish_week(built).publication_id == 2


def test_a_home_that_was_copied_without_its_links_is_an_error_that_says_so(built):
    publish_week(built)
    version = built.current.resolve()
    built.current.unlink()
    shutil.copytree(version, built.current)
    with pytest.raises(HomeError, match="current is not the link that it should be"):
        publish_week(built)
