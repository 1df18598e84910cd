"""What differs between two states of the warehouse: made by hand, named exactly."""

from datetime import date, datetime, timedelta

import duckdb
import pytest

from regime.changes import changed_figures, changed_rows
from regime.commands.diff import last_published
from regime.errors import BadInput
from tests.unit.warehouse.batches import CANDLES, START, candles, negative_closes_stop, no_guard
from tests.unit.warehouse.quarantine.test_verdicts import release
from warehouse.database import connect
from warehouse.home import Home
from warehouse.landing import Landing
from warehouse.loading import load_landed
from warehouse.publishing import pages
from warehouse.publishing.history import History, Published
from warehouse.week import Week

WEEK = Week(date(2025, 11, 17))
MARTS = """
create schema marts;
create table marts.regime_weekly (week_start date, state varchar, breadth_pct double);
insert into marts.regime_weekly values ('2025-11-17', '{state}', {breadth}), ('2025-11-10', 'x', {other});
create table marts.prices_hourly (asset_id varchar, price_at timestamp, price_usd double);
insert into marts.prices_hourly values
    ('bitcoin', '2025-11-17 00:00:00', {breadth}), ('bitcoin', '2025-11-17 01:00:00', 1.0 + {noise}),
    ('bitcoin', '2025-11-24 00:00:00', {price}), ('bitcoin', '2025-11-24 01:00:00', {price});
create table marts.publications (publication_id bigint);
insert into marts.publications values ({other});
"""


def state(path, **values):
    with duckdb.connect(str(path)) as connection:
        connection.execute(MARTS.format(**values))
    return path


def compared(was, now):
    connection = duckdb.connect()
    connection.execute(f"attach '{was}' as \"was\" (read_only)")
    connection.execute(f"attach '{now}' as \"is\" (read_only)")
    return connection


def test_only_the_cells_of_the_week_that_differ_are_named(tmp_path):
    was = state(tmp_path / "was.duckdb", state="calm", breadth=10.0, other=1, noise=0.0, price="5.0")
    now = state(tmp_path / "is.duckdb", state="wild", breadth=12.5, other=2, noise=1e-12, price="null")
    with compared(was, now) as connection:
        found = [(f.table, f.key, f.column, f.was, f.is_now, f.difference) for f in changed_figures(connection, WEEK)]
    assert found == [
        ("prices_hourly", "asset_id bitcoin, price_at 2025-11-24 00:00:00", "price_usd", 5.0, None, None),
        ("regime_weekly", "week_start 2025-11-17", "state", "calm", "wild", None),
        ("regime_weekly", "week_start 2025-11-17", "breadth_pct", 10.0, 12.5, 2.5),
    ]


def test_a_row_that_is_there_on_one_side_only_is_all_its_cells(tmp_path):
    values = {"state": "calm", "breadth": 10.0, "other": 1, "noise": 0.0, "price": 5.0}
    was, now = state(tmp_path / "was.duckdb", **values), state(tmp_path / "is.duckdb", **values)
    with duckdb.connect(str(now)) as connection:
        connection.execute("delete from marts.regime_weekly where week_start = '2025-11-17'")
    with compared(was, now) as connection:
        found = [(f.column, f.was, f.is_now) for f in changed_figures(connection, WEEK)]
    assert found == [("state", "calm", None), ("breadth_pct", 10.0, None)]


def test_new_revised_and_released_rows_are_told_apart(home: Home):
    with connect(home) as connection:
        land = Landing(home, START).land
        land(CANDLES, "binance", candles([1.0, 2.0, 3.0]), [], no_guard)
        held = land(CANDLES, "binance", candles([-9.0], first_hour=3), [], negative_closes_stop)
        last = load_landed(connection, home)
        known_until = connection.execute("select max(recorded_at) from raw.loads").fetchall()[0][0]
        assert len(last) == 2
        land(CANDLES, "binance", candles([1.0, 2.5]), [], no_guard)  # the first is the same, the second revised
        land(CANDLES, "binance", candles([6.0], first_hour=5), [], no_guard)  # new
        land(CANDLES, "binance", candles([7.0], first_hour=-200), [], no_guard)  # new, and long before the week
        land(CANDLES, "binance", candles([8.0], first_hour=200), [], no_guard)  # after it
        # Files that say the same, or other things than the venue has said: no figure changes for that.
        land(CANDLES, "binance", candles([1.0, 2.9]), [], no_guard, "files")
        load_landed(connection, home)
        release(home, connection, held)
        connection.execute(
            "create schema core; create table core.core_windows as"
            " select date '2025-11-17' as week_start, timestamp '2025-11-14 21:00' as starts_at,"
            " timestamp '2025-11-24 00:00' as ends_at"
        )
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.staging}' as \"is\" (read_only)")
        [rows] = changed_rows(connection, WEEK, known_until)
    counts = (rows.dataset, rows.origin, rows.new_rows, rows.revised_rows, rows.released_rows, rows.earlier_rows)
    assert counts == ("candles", "binance", 1, 1, 1, 1)
    told = {v.kind: (v.key["open_time"], v.was and v.was["close"], v.is_now["close"]) for v in rows.versions}
    assert told == {
        "revised": ("2025-11-17 01:00:00", "2.0", "2.5"),
        "released": ("2025-11-17 03:00:00", None, "-9.0"),
        "new": ("2025-11-17 05:00:00", None, "6.0"),
    }


def test_the_publication_that_wrote_a_page_is_not_the_last_that_carries_it(home):
    at = datetime(2025, 11, 24, 7)
    events = [
        Published(n, at + timedelta(days=n), at, "simulated", True, date(2025, 11, 10), date(2025, 11, 17), "1", "x")
        for n in (1, 2)
    ]
    for number, week in ((1, WEEK.previous), (2, WEEK)):
        version = home.published / str(number)
        (version / "reports" / week.label).mkdir(parents=True)
        (version / "reports" / "2025-W46").mkdir(exist_ok=True)
        pages.keep(home, version, [week], number)
        History(tuple(events[:number])).write(version)
        home.current.unlink(missing_ok=True)
        home.current.symlink_to(f"published/{number}")
    home.reports.symlink_to("current/reports")
    assert last_published(home, Week(date(2025, 11, 10))).publication_id == 1
    assert last_published(home, WEEK).publication_id == 2
    with pytest.raises(BadInput, match="2025-W48 is not published"):
        last_published(home, Week(date(2025, 11, 24)))
    (home.published / "2" / pages.FILE).unlink()  # as an older version left it
    assert last_published(home, WEEK).publication_id == 1
