from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest

from tests.unit.warehouse.batches import START, build, candles, critical_guard, negative_closes_stop, no_guard
from warehouse.contracts import CANDLES, INSTRUMENTS
from warehouse.database import connect, covered_until
from warehouse.home import HomeError
from warehouse.landing import Judgement, Landing, Request, Verdict
from warehouse.loading import load_landed
from warehouse.publishing.gate import blocking_reasons
from warehouse.quarantine.verdicts import rejudge

ASKED = Request("candles", "binance", "perp", "BTCUSDT", START, START, 3, "complete")


def land_and_load(home, connection, rows, judge=no_guard):
    Landing(home).land(CANDLES, "binance", rows, [ASKED], judge)
    return load_landed(connection, home)[0]


def test_the_same_again_adds_nothing_and_a_revision_adds_one(home):
    with connect(home) as connection:
        assert land_and_load(home, connection, candles([1.0, 2.0])).new_rows == 2
        assert land_and_load(home, connection, candles([1.0, 2.0])).new_rows == 0
        assert land_and_load(home, connection, candles([1.0, 5.0])).new_rows == 1
        # back to the older value: a third version, for it differs from the latest known
        assert land_and_load(home, connection, candles([1.0, 2.0])).new_rows == 1
        closes = connection.execute("select close from raw.candles order by open_time, recorded_at").fetchall()
        assert closes == [(1.0,), (2.0,), (5.0,), (2.0,)]
        assert load_landed(connection, home) == []


def test_a_duplicate_within_a_batch_counts_once(home):
    with connect(home) as connection:
        rows = candles([1.0, 2.0]).take([0, 1, 1, 0])
        assert land_and_load(home, connection, rows).new_rows == 2


def test_a_stopped_row_goes_to_quarantine_whole_and_once(home):
    with connect(home) as connection:
        for _ in range(2):
            load = land_and_load(home, connection, candles([1.0, -2.0, 3.0]), negative_closes_stop)
            assert load.quarantined_rows == 1
        stopped = connection.execute(
            "select origin, series, event_at::varchar, rule, row_number, row_json->>'close' from raw.quarantine"
        ).fetchall()
        assert stopped == [("binance", "BTCUSDT", "2025-11-17 01:00:00", "close_positive", 1, "-2.0")]
        assert connection.execute("select count(*) from raw.candles").fetchall() == [(2,)]


def test_a_load_is_whole_or_not_at_all(home):
    with connect(home) as connection:
        Landing(home).land(CANDLES, "binance", candles([1.0]), [ASKED], no_guard)
        connection.execute("alter table raw.loads rename to hidden")
        connection.execute("create view raw.loads as select 0::bigint as load_id, '' as landing_file")
        with pytest.raises(duckdb.Error):
            load_landed(connection, home)
        assert connection.execute("select count(*) from raw.candles").fetchall() == [(0,)]
        connection.execute("drop view raw.loads")
        connection.execute("alter table raw.hidden rename to loads")
        assert [load.new_rows for load in load_landed(connection, home)] == [1]


def test_a_lost_staging_database_comes_back_from_landing(home):
    with connect(home) as connection:
        land_and_load(home, connection, candles([1.0, -2.0]), negative_closes_stop)
        land_and_load(home, connection, candles([1.5]))
        before = connection.execute("select * from raw.candles order by all").fetchall()
    home.staging.unlink()
    with connect(home) as connection:
        load_landed(connection, home)
        assert connection.execute("select * from raw.candles order by all").fetchall() == before
        assert connection.execute("select count(*) from raw.quarantine").fetchall() == [(1,)]


def test_only_complete_windows_count_as_covered(home):
    later = START.replace(day=18)
    with connect(home) as connection:
        asked = [
            Request("candles", "binance", "perp", "BTCUSDT", START, START, 1, "complete"),
            Request("candles", "binance", "perp", "BTCUSDT", START, later, 0, "failed", "HTTP 500"),
        ]
        Landing(home).land(CANDLES, "binance", candles([1.0]), asked, no_guard)
        load_landed(connection, home)
        assert covered_until(connection, "candles") == {("binance", "perp", "BTCUSDT"): START}


def test_the_gate_reads_the_state_of_the_warehouse(home):
    with connect(home) as connection:
        land_and_load(home, connection, candles([1.0]))
        assert blocking_reasons(connection) == ["the models have never been built"]
        build(connection, is_passed=False)
        assert blocking_reasons(connection) == ["the last build of the models failed its tests"]
        build(connection, is_passed=True)
        assert blocking_reasons(connection) == []
        land_and_load(home, connection, candles([2.0]), critical_guard)
        reasons = blocking_reasons(connection)
        assert "guard clock stopped candles of binance" in reasons[0]
        assert "1 batches were loaded after the last build" in reasons[1]
        land_and_load(home, connection, candles([2.0]))
        build(connection, is_passed=True)
        assert "guard clock" in blocking_reasons(connection)[0]


def test_a_file_that_is_no_database_is_an_error_that_says_what_to_do(home):
    home.create()
    home.staging.write_bytes(b"not a database, for sure" * 1000)
    with pytest.raises(HomeError, match="move it away"), connect(home):
        pass


def test_a_home_that_is_older_than_a_column_gets_it_and_keeps_its_rows(home):
    """What landed and was loaded before instruments had a class: unknown of them; a new list is a revision."""
    older = [column.name for column in INSTRUMENTS.columns if column.name not in ("asset_class", "is_premarket")]
    listed = pa.Table.from_pylist(
        [{"venue": "v", "market_type": "perp", "venue_symbol": s, "base": s, "quote": "USDT", "contract_size": 1.0,
          "is_inverse": False, "is_active": True} for s in ("A", "B")],
        schema=INSTRUMENTS.schema,
    )  # fmt: skip
    before = replace(INSTRUMENTS, columns=tuple(c for c in INSTRUMENTS.columns if c.name in older))
    stops_b = lambda *_: Judgement([Verdict(1, "r", "row", "b")], [])  # noqa: E731
    manifest = Landing(home).land(before, "v", listed.select(older), [], stops_b)
    with connect(home) as connection:
        for name in ("asset_class", "is_premarket"):
            connection.execute(f"alter table raw.instruments drop column {name}")
    with connect(home) as connection:
        assert [load.new_rows for load in load_landed(connection, home)] == [1]
        seen = "select venue_symbol, asset_class, is_premarket from raw.instruments order by load_id, venue_symbol"
        assert connection.execute(seen).fetchall() == [("A", None, None)]
        # Judged again, the row that was held goes on, and is marked so.
        rejudge(manifest, no_guard, clock=START, rule="r")
        assert [load.quarantined_rows for load in load_landed(connection, home)] == [-1]
        assert connection.execute("select count(*) from raw.quarantine where released_at is null").fetchall() == [(0,)]
        assert connection.execute(seen).fetchall() == [("A", None, None), ("B", None, None)]
        classed = listed.set_column(10, "asset_class", pa.array(["crypto", "equity"]))
        assert land_and_load_list(home, connection, classed).new_rows == 2
        assert connection.execute(seen).fetchall()[2:] == [("A", "crypto", None), ("B", "equity", None)]


def land_and_load_list(home, connection, rows):
    Landing(home).land(INSTRUMENTS, "v", rows, [], no_guard)
    return load_landed(connection, home)[0]
