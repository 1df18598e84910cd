"""The coverage ledger against cases worked by hand, against itself made anew, and as of an earlier moment."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from ingestion.http.fetch import NotKept, NotOffered
from ingestion.planning.endpoints import endpoints
from warehouse import coverage
from warehouse.database import create_tables

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STARTS = datetime(2025, 10, 27)
NOW = datetime(2025, 11, 3, 20)  # a Monday evening
LEARNED = datetime(2026, 1, 1)


class Raw:
    """A raw schema that is filled row by row; each call is a load of its own."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("set TimeZone = 'UTC'")
        create_tables(self.connection)
        self.loads = 0
        self.learned = LEARNED

    def load(self, table: str, *rows: dict[str, Any], clock: datetime | None = None) -> None:
        self.loads += 1
        self.learned += timedelta(minutes=1)
        self.connection.execute(
            "insert into raw.loads (load_id, dataset, landing_file, recorded_at, clock_at) values (?, ?, ?, ?, ?)",
            [self.loads, table, f"{self.loads}.manifest.json", self.learned, clock],
        )
        known = [row | {"recorded_at": self.learned, "load_id": self.loads} for row in rows]
        if known:
            self.connection.register("rows", pa.Table.from_pylist(known))
            self.connection.execute(f"insert into raw.{table} by name select * from rows")
            self.connection.unregister("rows")

    def candles(self, symbol: str, *ends: datetime, venue: str = "binance", market: str = "perp", close: float = 1.0):
        key = {"venue": venue, "market_type": market, "venue_symbol": symbol}
        self.load("candles", *[key | {"open_time": end - HOUR, "close": close} for end in ends])

    def settlements(self, symbol: str, *times: datetime, venue: str = "binance"):
        key = {"venue": venue, "venue_symbol": symbol, "funding_rate": 0.0001}
        self.load("funding_rates", *[key | {"settled_at": time} for time in times])

    def open_interest(self, symbol: str, *times: datetime, venue: str = "binance"):
        key = {"venue": venue, "venue_symbol": symbol, "open_interest_base": 1.0}
        self.load("open_interest", *[key | {"observed_at": time} for time in times])

    def ratios(self, symbol: str, *times: datetime, venue: str = "binance"):
        key = {"venue": venue, "venue_symbol": symbol, "long_short_account_ratio": 1.5}
        self.load("long_short_ratios", *[key | {"observed_at": time} for time in times])

    def books(self, symbol: str, *hours: datetime, venue: str = "binance", market: str = "perp"):
        """A snapshot seven seconds after each hour: two sides, two bands."""
        key = {"venue": venue, "market_type": market, "venue_symbol": symbol}
        rows = [key | {"side": side, "band_pct": band} for side in ("bid", "ask") for band in (1.0, 5.0)]
        self.load("order_book_depth", *[r | {"snapshot_at": at + timedelta(seconds=7)} for at in hours for r in rows])

    def liquidations(self, symbol: str, *times: datetime, venue: str = "gate"):
        key = {"venue": venue, "venue_symbol": symbol, "side": "long", "price": 1.0, "occurrence": 1, "quantity": 1.0}
        self.load("liquidations", *[key | {"liquidated_at": time} for time in times])

    def caps(self, coin: str, *times: datetime, provider: str = "coingecko"):
        key = {"provider": provider, "provider_asset_id": coin}
        self.load("market_caps", *[key | {"observed_at": time} for time in times])

    def listed(self, symbol: str, listed_at: datetime | None, venue: str = "binance", is_active: bool = True):
        row = {"venue": venue, "market_type": "perp", "venue_symbol": symbol, "is_active": is_active}
        self.load("instruments", row | {"listed_at": listed_at})

    def asked(
        self, dataset: str, series: str, start: datetime, end: datetime, *, reason: str | None = None,
        origin: str = "binance", market: str | None = "perp", clock: datetime | None = None,
    ):  # fmt: skip
        row = {"dataset": dataset, "origin": origin, "market_type": market, "series": series}
        row |= {"window_start": start, "window_end": end, "status": "failed" if reason else "complete"}
        self.load("requests", row | {"reason": reason, "rows_received": 0}, clock=clock)

    def venue_is_asked(self, venue: str = "binance", market: str = "perp"):
        """The venue's list was read: it is asked directly, and not known from an archive alone."""
        self.asked("instruments", "*", STARTS, STARTS, origin=venue, market=market)

    def held(self, dataset: str, series: str, event_at: datetime, rule: str, market: str | None = None):
        row = {"dataset": dataset, "origin": "binance", "market_type": market, "series": series, "rule": rule}
        self.load("quarantine", row | {"event_at": event_at, "severity": "row"})

    def ledger(self, now: datetime = NOW, as_of: datetime | None = None, starts: datetime = STARTS, **where: Any):
        coverage.update(
            self.connection,
            now.replace(tzinfo=UTC),
            starts.replace(tzinfo=UTC),
            endpoints(),
            as_of.replace(tzinfo=UTC) if as_of else None,
        )
        return self.rows(**where)

    def rows(self, **where: Any) -> list[dict[str, Any]]:
        found = self.connection.execute("select * from raw.coverage order by all")
        names = [column[0] for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return [row for row in rows if all(row[name] == value for name, value in where.items())]


@pytest.fixture
def raw() -> Iterator[Raw]:
    raw = Raw()
    yield raw
    raw.connection.close()


def at(day: int, hour: int = 0, month: int = 11) -> datetime:
    return datetime(2025, month, day, hour)


def hours(first: datetime, last: datetime, step: int = 1) -> list[datetime]:
    return [first + n * step * HOUR for n in range(int((last - first) / HOUR) // step + 1)]


def counts(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[f"{name}_rows"] for name in ("due", "received", "quarantined", "missing"))


def test_a_week_of_candles_holds_the_hours_that_end_in_it(raw):
    raw.candles("A", *hours(at(27, 1, 10), NOW))
    first, second = raw.ledger()
    assert (first["week_start"], counts(first)) == (at(27, 0, 10).date(), (168, 168, 0, 0))
    assert (second["week_start"], counts(second)) == (at(3).date(), (20, 20, 0, 0))
    assert (first["reason"], first["tries"], first["next_try_at"], first["is_closed"]) == (None, 0, None, False)
    assert first["last_recorded_at"] == raw.learned


def test_holes_between_rows_at_ends_and_where_nothing_came(raw):
    """As the models had them that the ledger took over: each line was worked by hand."""
    raw.candles("A", at(3, 1), at(3, 4), *hours(at(3, 5), NOW))  # 02:00 and 03:00 are missing
    raw.candles("B", at(1, 20))  # ended: its venue went on without it
    raw.asked("candles", "Z", at(3), at(3, 3), reason="down", origin="other")  # its venue failed before it answered
    raw.settlements("A", at(1, 16), at(2), at(3))  # 24 h at an interval of 8 h: 08:00 and 16:00
    raw.open_interest("A", at(2, 20), at(3), at(3, 4), at(3, 16) + timedelta(seconds=30), at(3, 20))  # 08:00 and 12:00
    raw.asked("instruments", "*", at(1), NOW, reason="down", origin="other", market=None)  # how long is a list?
    found = {
        (row["dataset"], row["series"], row["week_start"].day): tuple(
            row[name] for name in ("missing_rows", "first_missing_at", "last_missing_at")
        )
        for row in raw.ledger()
        if row["first_missing_at"]
    }
    half = timedelta(seconds=30)
    assert found == {
        ("candles", "A", 3): (2, at(3, 2), at(3, 3)),
        ("candles", "Z", 3): (3, at(3, 1), at(3, 3)),
        ("funding_rates", "A", 27): (2, at(2, 8), at(2, 16)),
        ("funding_rates", "A", 3): (2, at(3, 8), at(3, 16)),  # after the last, until now
        ("open_interest", "A", 3): (2, at(3, 8) + half, at(3, 12) + half),
        ("instruments", "*", 27): (None, at(1, 1), at(3)),
        ("instruments", "*", 3): (None, at(3, 1), NOW),
    }


def test_a_hole_is_shared_out_to_its_weeks(raw):
    """24 candles from Sunday 12:00 on: twelve of Sunday (to Monday 00:00), twelve of Monday."""
    raw.candles("A", *hours(at(27, 1, 10), at(2, 12)), *hours(at(3, 13), NOW))
    first, second = raw.ledger()
    assert counts(first) == (168, 156, 0, 12) and counts(second) == (20, 8, 0, 12)
    assert (first["first_missing_at"], first["last_missing_at"]) == (at(2, 13), at(3))
    assert (second["first_missing_at"], second["last_missing_at"]) == (at(3, 1), at(3, 12))


@pytest.mark.parametrize(
    "settled, missing",
    [
        ([0, 8, 16, 20, 24, 28], 0),  # a switch from 8 to 4 hours hides nothing
        ([0, 4, 8, 16, 24, 32], 0),  # nor one from 4 to 8
        ([0, 8, 32, 40], 2),  # longer than both neighbours
        ([0, 24, 32], 2),  # one neighbour decides
        ([0, 1, 2, 6, 7, 8], 3),
    ],
)
def test_an_interval_is_what_the_neighbours_say(raw, settled, missing):
    raw.settlements("A", *[at(28, 0, 10) + hour * HOUR for hour in settled])
    raw.settlements("B", *hours(at(28, 0, 10), NOW, 8))  # the venue goes on: A has ended
    assert sum(row["missing_rows"] for row in raw.ledger(series="A")) == missing


def test_jitter_makes_no_hole_and_two_stamps_of_an_hour_one_settlement(raw):
    times = hours(at(27, 8, 10), NOW, 8)
    raw.settlements(
        "A", *[time + timedelta(milliseconds=7 * n) for n, time in enumerate(times)], times[3] + timedelta(seconds=5)
    )
    assert sum(row["missing_rows"] for row in raw.ledger()) == 0
    assert sum(row["received_rows"] for row in raw.rows()) == len(times) + 1


def test_due_from_the_listing_and_not_before_the_source_begins(raw):
    raw.listed("OLD", at(1, 0, 1))
    raw.listed("NEW", at(30, 13, 10) + timedelta(minutes=20))
    for symbol in ("OLD", "NEW"):
        raw.candles(symbol, *hours(at(31, 0, 10), NOW))
        raw.settlements(symbol, *hours(at(31, 0, 10), NOW, 8))
    found = {(row["dataset"], row["series"]): row for row in raw.ledger() if row["missing_rows"]}
    assert (
        found["candles", "OLD"]["first_missing_at"] == at(27, 1, 10)
        and counts(found["candles", "OLD"])[3] == 4 * 24 - 1
    )
    assert found["candles", "NEW"]["first_missing_at"] == at(30, 14, 10) and counts(found["candles", "NEW"])[3] == 10
    assert found["funding_rates", "OLD"]["first_missing_at"] == at(27, 8, 10)
    assert found["funding_rates", "NEW"]["first_missing_at"] == at(30, 16, 10)
    assert counts(found["funding_rates", "NEW"])[3] == 1


def test_first_seen_where_no_listing_is_known(raw):
    raw.listed("A", None)
    raw.candles("A", *hours(at(31, 0, 10), NOW))
    assert [row["missing_rows"] for row in raw.ledger()] == [0, 0]


def test_a_listed_symbol_that_falls_silent_is_due_and_a_delisted_one_is_not(raw):
    for symbol in ("GOES", "SILENT", "GONE", "UNLISTED"):
        last = NOW if symbol == "GOES" else at(31, 0, 10)
        raw.candles(symbol, *hours(at(27, 1, 10), last))
        raw.asked("candles", symbol, STARTS, NOW)
        if symbol != "UNLISTED":
            raw.listed(symbol, None, is_active=symbol != "GONE")
    missing = {row["series"] for row in raw.ledger() if row["missing_rows"]}
    assert missing == {"SILENT"}
    assert sum(row["missing_rows"] for row in raw.rows(series="SILENT")) == 3 * 24 + 20


def test_a_listed_symbol_that_never_had_a_row_is_due_at_the_usual_distance(raw):
    for symbol in ("A", "B"):
        raw.listed(symbol, at(1, 0, 1))
        raw.asked("funding_rates", symbol, STARTS, NOW)
    raw.settlements("A", *hours(at(27, 8, 10), NOW, 8))
    first, second = raw.ledger(series="B")
    assert counts(first) == (21, 0, 0, 21) and counts(second) == (2, 0, 0, 2)


def test_daily_caps_have_holes_and_monthly_lists_have_none(raw):
    raw.caps("bitcoin", *[day for day in hours(at(27, 0, 10), at(3), 24) if day.day != 30])
    raw.caps("x", datetime(2025, 10, 1), at(1), provider="coinmarketcap")
    raw.caps("y", datetime(2025, 9, 1), at(1), provider="coinmarketcap")
    found = {(row["series"], row["week_start"].day): counts(row) for row in raw.ledger()}
    # the row of Monday 27 October 00:00 is of the week before the source begins; the one of 3 November is of the first
    assert found == {("bitcoin", 27): (7, 6, 0, 1), ("x", 27): (1, 1, 0, 0), ("y", 27): (1, 1, 0, 0)}


def test_what_a_guard_holds_is_quarantined_once_and_not_missing(raw):
    raw.candles("A", *hours(at(3, 1), at(3, 9)), *hours(at(3, 12), NOW))  # 10:00 and 11:00 are not here
    for rule in ("one", "two"):
        raw.held("candles", "A", at(3, 9), rule, "perp")  # the candle of 10:00, by two rules
    raw.held("candles", "A", at(3, 12), "one", "perp")  # came again, and was accepted
    raw.held("candles", "A", at(3, 12), "one", "spot")  # the spot market of that name and hour is another series
    raw.held("funding_rates", "N", at(3, 8) + timedelta(seconds=1), "one")  # nothing else is known of it
    found = {(row["dataset"], row["market_type"]): row for row in raw.ledger()}
    assert counts(found["candles", "perp"]) == (20, 18, 1, 1)
    # What is held is not missing, and is asked for again like what is: the venue may have put it right.
    assert found["candles", "perp"]["first_missing_at"] == at(3, 10)
    assert counts(found["candles", "spot"]) == (1, 0, 1, 0)
    assert counts(found["funding_rates", "perp"]) == (1, 0, 1, 0)
    raw.connection.execute("update raw.quarantine set released_at = ?", [raw.learned + HOUR])
    raw.connection.execute("delete from raw.coverage_state")
    assert all(row["quarantined_rows"] == 0 for row in raw.ledger())
    assert counts(raw.rows(dataset="candles", market_type="perp")[0]) == (20, 18, 0, 2)
    assert counts(raw.ledger(as_of=raw.learned + timedelta(minutes=30), dataset="candles", market_type="perp")[0]) == (
        20,
        18,
        1,
        1,
    )


def test_times_that_no_market_knows_break_nothing(raw):
    raw.held("candles", "A", datetime(1, 1, 1), "one", "perp")
    raw.held("candles", "A", datetime(9999, 12, 31, 23), "one", "perp")
    raw.candles("A", *hours(at(3, 1), NOW))
    raw.candles("A", datetime(2031, 1, 1))  # ahead of the clock
    assert [counts(row) for row in raw.ledger()] == [(20, 20, 0, 0)]


def test_a_candle_without_a_price_is_none(raw):
    raw.candles("A", *hours(at(3, 1), NOW))
    raw.candles("A", at(3, 5), close=0.0)  # revised: the venue takes it back
    assert [counts(row) for row in raw.ledger()] == [(20, 19, 0, 1)]


# --- why, and whose turn it is ---


def silent_between(raw: Raw, first: datetime, last: datetime) -> None:
    """Hourly candles with a hole between, of a venue that is asked directly."""
    raw.venue_is_asked()
    raw.candles("A", *hours(at(27, 1, 10), first), *hours(last, at(17)))


def gap(raw: Raw, now: datetime) -> dict[str, Any]:
    (row,) = [row for row in raw.ledger(now) if row["missing_rows"] and row["week_start"] == at(3).date()]
    return row


def test_a_gap_answered_without_rows_backs_off_and_closes_after_three_tries(raw):
    silent_between(raw, at(4, 2), at(4, 12))  # 03:00 … 11:00 are missing
    raw.asked("candles", "A", STARTS, at(5), clock=at(5))
    found = gap(raw, at(5))
    assert (found["tries"], found["next_try_at"], found["is_closed"]) == (1, at(6), False)
    assert found["reason"] == "the venue answered without it" and found["last_tried_at"] == at(5)
    raw.asked("candles", "A", at(4), at(5, 1), clock=at(5, 1))  # the next hour's run reads a day again: not a try
    assert gap(raw, at(5, 1))["tries"] == 1
    raw.asked("candles", "A", at(4, 2), at(4, 11), clock=at(6, 3))
    found = gap(raw, at(6, 3))
    assert (found["tries"], found["next_try_at"], found["is_closed"]) == (2, at(13, 3), False)
    raw.asked("candles", "A", at(4, 5), at(17), clock=at(17))  # not the whole of it
    assert gap(raw, at(17))["tries"] == 2
    raw.asked("candles", "A", at(4, 2), at(4, 11), clock=at(17, 1))
    found = gap(raw, at(17, 1))
    assert (found["tries"], found["next_try_at"], found["is_closed"]) == (3, None, True)
    assert found["reason"] == "the venue answered 3 times without it"
    left = coverage.open_gaps(raw.connection, datetime(2030, 1, 1, tzinfo=UTC))
    assert [g.window_end for g in left] == [at(17, 1).replace(tzinfo=UTC)]  # the hour since, which nobody asked for


def test_what_a_guard_holds_is_asked_for_again_until_the_venue_has_answered_three_times(raw):
    raw.venue_is_asked()
    raw.candles("A", *hours(at(3, 1), at(4, 2)), *hours(at(4, 4), at(5)))
    raw.held("candles", "A", at(4, 2), "one", "perp")
    for day, before, is_asked_for in ((5, 5, True), (6, 5, True), (13, 6, False)):
        raw.candles("A", *hours(at(before, 1), at(day)))
        raw.asked("candles", "A", at(4), at(day), clock=at(day))
        (row,) = raw.ledger(at(day), series="A", week_start=at(3).date())
        assert (row["missing_rows"], row["quarantined_rows"], row["is_closed"]) == (0, 1, not is_asked_for)
        assert "what a guard holds" in row["reason"]
        later = coverage.open_gaps(raw.connection, datetime(2030, 1, 1, tzinfo=UTC))
        windows = [(gap.window_start, gap.window_end) for gap in later if gap.window_start.day == 4]
        assert windows == ([(at(4, 2).replace(tzinfo=UTC), at(4, 3).replace(tzinfo=UTC))] if is_asked_for else [])


def test_open_gaps_are_those_whose_turn_it_is_with_the_window_to_ask_for(raw):
    silent_between(raw, at(4, 2), at(4, 12))
    raw.settlements("A", *[time for time in hours(at(27, 8, 10), at(17), 8) if time != at(5, 16)])
    for dataset in ("candles", "funding_rates"):
        raw.asked(dataset, "A", STARTS, at(17), clock=at(17))
    raw.ledger(at(17))
    assert coverage.open_gaps(raw.connection, at(17).replace(tzinfo=UTC)) == []
    found = coverage.open_gaps(raw.connection, at(18).replace(tzinfo=UTC))
    windows = {
        g.dataset: (g.window_start.replace(tzinfo=None), g.window_end.replace(tzinfo=None), g.missing_rows)
        for g in found
    }
    half = timedelta(minutes=30)
    assert windows == {"candles": (at(4, 2), at(4, 11), 9), "funding_rates": (at(5, 16) - half, at(5, 16) + half, 1)}


def test_a_venue_that_fails_is_asked_again_by_the_next_run(raw):
    silent_between(raw, at(4, 2), at(4, 12))
    raw.asked("candles", "A", STARTS, at(5), clock=at(5))
    raw.asked("candles", "A", at(4, 2), at(4, 11), reason="HTTP 503", clock=at(6))
    found = gap(raw, at(6))
    assert (found["tries"], found["next_try_at"], found["reason"], found["is_closed"]) == (2, at(6), "HTTP 503", False)


@pytest.mark.parametrize(
    "reason, told",
    [
        (str(NotKept("the venue keeps only 30 days")), "the venue keeps only 30 days"),
        (str(NotOffered("no such symbol")), "not offered: no such symbol"),
    ],
)
def test_what_cannot_be_had_is_closed_at_once(raw, reason, told):
    silent_between(raw, at(4, 2), at(4, 12))
    raw.asked("candles", "A", STARTS, at(17), reason=reason, clock=at(17))
    found = gap(raw, at(17))
    assert (found["is_closed"], found["reason"], found["next_try_at"]) == (True, told, None)


def test_a_delisted_symbols_gap_is_asked_for_once(raw):
    silent_between(raw, at(4, 2), at(4, 12))
    raw.listed("A", None, is_active=False)
    assert not gap(raw, at(17))["is_closed"]
    raw.asked("candles", "A", STARTS, at(17), clock=at(17))
    found = gap(raw, at(17, 1))
    assert found["is_closed"] and found["reason"] == "delisted, and the venue answered without it"


def test_what_is_only_recorded_or_only_archived_is_not_asked_for(raw):
    raw.venue_is_asked("hyperliquid")
    for venue in ("hyperliquid", "lighter"):
        raw.open_interest("BTC", *[t for t in hours(at(27, 4, 10), NOW, 4) if t.day != 30], venue=venue)
    found = {row["origin"]: row for row in raw.ledger() if row["missing_rows"]}
    assert found["hyperliquid"]["reason"] == "the venue keeps no history of it"
    assert found["lighter"]["reason"] == "the archive does not have it"
    assert all(row["is_closed"] and counts(row)[3] == 6 for row in found.values())


def test_a_stretch_that_failed_before_a_later_answer_is_found(raw):
    """The weak point of a watermark: the first weeks failed, a later window was answered, and nobody lists a date."""
    raw.venue_is_asked()
    raw.asked("candles", "A", STARTS, at(1), reason="down", clock=at(1))
    raw.candles("A", *hours(at(1, 1), NOW))
    raw.asked("candles", "A", at(1), NOW, clock=NOW)
    (found,) = [row for row in raw.ledger() if row["missing_rows"]]
    assert (found["missing_rows"], found["first_missing_at"], found["last_missing_at"]) == (
        5 * 24,
        at(27, 1, 10),
        at(1),
    )
    assert (found["reason"], found["next_try_at"]) == ("down", at(1))
    raw.asked("candles", "A", STARTS, at(1), clock=NOW)  # answered at last, without a row: it was not listed yet
    assert [row for row in raw.ledger() if row["missing_rows"]] == []


def test_a_later_complete_answer_makes_a_failure_good(raw):
    raw.asked("candles", "A", at(1), at(2), reason="down")
    raw.asked("candles", "A", at(1), at(3))
    raw.asked("candles", "B", STARTS, at(1))
    raw.asked("candles", "B", at(31, 0, 10), at(2), reason="down")
    raw.candles("C", *hours(at(27, 1, 10), NOW))
    found = {row["series"]: row for row in raw.ledger() if row["missing_rows"]}
    assert set(found) == {"B"}
    assert (found["B"]["first_missing_at"], found["B"]["missing_rows"]) == (at(1, 1), 24)


def test_a_venue_that_answered_for_a_series_has_answered_for_its_list(raw):
    raw.asked("candles", "*", at(1), at(2), reason="its list has never been read")
    assert [row["due_rows"] for row in raw.ledger(series="*")] == [None]
    raw.asked("candles", "A", STARTS, at(3))
    assert raw.ledger(series="*") == []


# --- as of a moment, and made anew ---


def test_as_of_a_moment_only_what_was_known_counts(raw):
    raw.candles("A", *hours(at(3, 1), at(3, 9)), *hours(at(3, 12), NOW))
    then = raw.learned
    raw.candles("A", at(3, 10), at(3, 11))
    assert [counts(row) for row in raw.ledger()] == [(20, 20, 0, 0)]
    assert [counts(row) for row in raw.ledger(as_of=then)] == [(20, 18, 0, 2)]


def fill(raw: Raw, symbol: str, first: datetime, last: datetime, rng: random.Random) -> None:
    """A market as it mostly is: whole, in intervals that may change, with a hole or two."""
    lost = {first + rng.randrange(int((last - first) / HOUR)) * HOUR for _ in range(rng.randrange(3))}
    raw.candles(symbol, *[t for t in hours(first + HOUR, last) if t not in lost])
    change = first + rng.randrange(int((last - first) / DAY)) * DAY
    raw.settlements(symbol, *[t for t in hours(first, change, 8) + hours(change, last, 4)[1:] if t not in lost])
    raw.open_interest(symbol, *[t for t in hours(first, last, 4) if t not in lost])
    raw.caps(symbol, *[t for t in hours(first, last, 24) if t not in lost])


@pytest.mark.parametrize("seed", range(4))
def test_kept_up_to_date_it_is_the_same_as_made_anew(raw, seed):
    """Batches in random order, with revisions, holes, failures, listings, held rows, and a clock that moves on."""
    rng = random.Random(seed)
    now, kept_weeks = STARTS + rng.randrange(6, 12) * 7 * DAY + 6 * HOUR, 0
    raw.venue_is_asked()
    for symbol in ("A", "B", "C"):
        fill(raw, symbol, STARTS + rng.randrange(20) * DAY, now - rng.choice([0, 0, 9]) * DAY, rng)
    for _ in range(12):
        raw.ledger(now)
        kept_weeks += raw.connection.execute("select count(*) from ledger_kept").fetchall()[0][0]
        for _ in range(rng.randrange(1, 3)):
            symbol, first = rng.choice("ABC"), STARTS + rng.randrange(int((now - STARTS) / HOUR)) * HOUR
            last = min(first + rng.randrange(1, 100) * HOUR, now)
            match rng.randrange(8):
                case 0:
                    raw.candles(symbol, *hours(first, last))
                case 1:
                    raw.settlements(symbol, *hours(first, last, rng.choice([1, 4, 8])))
                case 2:
                    raw.open_interest(symbol, *hours(first, last, rng.choice([1, 4])))
                    raw.caps(symbol, first)
                case 3:
                    dataset = rng.choice(["candles", "funding_rates", "open_interest"])
                    reason = rng.choice([None, None, "down", str(NotOffered("gone"))])
                    raw.asked(dataset, rng.choice(["A", "NEW"]), first, last, reason=reason, clock=now)
                case 4:
                    raw.listed(symbol, rng.choice([None, first]), is_active=rng.random() > 0.3)
                case 5:
                    raw.held("candles", symbol, first, "one", "perp")
                case 6:
                    raw.candles(symbol, first, close=rng.choice([0.0, 2.0]))
                case 7:
                    then, now = now, now + rng.choice([1, 24, 24 * 9]) * HOUR
                    raw.candles(symbol, *hours(then + HOUR, now))
                    raw.settlements(symbol, *hours(then, now, 4))
    kept = raw.ledger(now)
    raw.connection.execute("delete from raw.coverage_state")
    assert raw.ledger(now) == kept and kept_weeks > 50


def test_only_what_changed_is_read_again(raw):
    for symbol in ("A", "B"):
        raw.candles(symbol, *hours(at(27, 1, 10), at(15, 0, 12)))
    raw.ledger(at(15, 0, 12))
    raw.candles("A", *hours(at(15, 1, 12), at(15, 9, 12)))
    raw.ledger(at(15, 9, 12))
    kept = raw.connection.execute("select count(*) from ledger_kept").fetchall()
    read = raw.connection.execute("select count(*) from ledger_events").fetchall()[0][0]
    weeks = 7
    assert kept[0][0] > 0 and read < 2 * weeks * 168 + 9
    assert all(
        counts(row)[3] == (9 if row["series"] == "B" and row["week_start"] == at(15, 0, 12).date() else 0)
        for row in raw.rows()
    )


def test_a_judgement_has_everything_read_again(raw):
    raw.candles("A", *hours(at(3, 1), NOW))
    raw.ledger()
    raw.load("loads")
    raw.connection.execute("update raw.loads set landing_file = 'x.1.judgement.json' where load_id = ?", [raw.loads])
    raw.ledger()
    assert raw.connection.execute("select count(*) from ledger_kept").fetchall() == [(0,)]


def test_missing_settlements_that_change_without_rows_are_told_until_a_build_has_seen_them(raw):
    raw.settlements("A", *hours(at(27, 8, 10), at(31, 0, 10), 8))
    raw.settlements("B", *hours(at(27, 8, 10), NOW, 8))
    raw.listed("A", None)
    raw.asked("funding_rates", "A", STARTS, NOW)
    raw.ledger()
    raw.connection.execute(
        "insert into raw.builds (build_id, is_passed, finished_at)"
        " values (1, true, now()::timestamp + interval 1 second)"
    )
    raw.ledger(NOW + HOUR)
    assert coverage.changed_from(raw.connection) is None
    raw.listed("A", None, is_active=False)  # it had ended: nothing is missing since October
    raw.ledger(NOW + 2 * HOUR)
    assert coverage.changed_from(raw.connection) == STARTS


def test_ratios_of_accounts_have_the_distance_that_is_seen(raw):
    raw.ratios("BTCUSDT", *[t for t in hours(at(27, 4, month=10), at(3), 4) if t != at(29, 8, month=10)])
    row = raw.ledger(dataset="long_short_ratios", week_start=datetime(2025, 10, 27).date())[0]
    assert (counts(row), row["market_type"], row["first_missing_at"]) == ((42, 41, 0, 1), "perp", at(29, 8, month=10))


def test_a_snapshot_is_one_row_and_is_due_when_its_file_can_be_there(raw):
    """On Monday evening Saturday's file is due, Sunday's not yet; what a recorder sees is due at once."""
    raw.listed("BTCUSDT", STARTS - 99 * DAY)  # no book is due before its first snapshot
    raw.venue_is_asked()
    raw.asked("order_book_depth", "BTCUSDT", STARTS - 7 * DAY, at(2))
    raw.books("BTCUSDT", *[t for t in hours(at(27, 1, month=10), at(1, 23)) if t != at(30, 8, month=10)])
    [row] = raw.ledger(dataset="order_book_depth", starts=STARTS - 7 * DAY)
    assert (counts(row), row["market_type"], row["first_missing_at"]) == ((143, 142, 0, 1), "perp", at(30, 8, month=10))
    assert raw.ledger(now=at(4, 1), dataset="order_book_depth")[0]["due_rows"] == 143 + 24
    raw.books("ETH-USD", *hours(at(3, 1), at(3, 19)), venue="coinbase", market="spot")
    [row] = raw.ledger(now=at(3, 20), origin="coinbase")
    assert counts(row) == (19, 19, 0, 0)  # that of 20:00 may be stamped until half past


def test_liquidations_are_never_due_only_asked_for(raw):
    raw.listed("BTC_USDT", None, venue="gate")
    raw.venue_is_asked("gate")
    raw.asked("liquidations", "*", STARTS, at(2), origin="gate")
    raw.liquidations("BTC_USDT", at(28, 1, month=10), at(31, 23, month=10))
    week = datetime(2025, 10, 27).date()
    (row,) = raw.ledger(dataset="liquidations")
    assert (row["week_start"], counts(row), row["is_closed"]) == (week, (2, 2, 0, 0), False)
    assert coverage.open_gaps(raw.connection, NOW.replace(tzinfo=UTC)) == []
    raw.asked("liquidations", "*", at(2), at(3), origin="gate", reason="HTTP 503")
    failed = [row for row in raw.ledger(dataset="liquidations") if row["series"] == "*"]
    assert [(row["due_rows"], row["reason"]) for row in failed] == [(None, "HTTP 503")]
