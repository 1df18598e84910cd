"""Which weeks raw holds, and what is asked for some of them alone, against a small server of three weeks."""

from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from starlette.responses import Response

from ingestion.ingest import Ingested, ingest
from ingestion.planning.endpoints import endpoints
from ingestion.planning.known_weeks import span, week_states
from ingestion.universe import Universe, VenueScope
from tests.unit.ingestion.test_ingest import QUICK, START, UNIVERSE, Market
from tests.unit.ingestion.venues.venue_server import VenueServer, running
from tests.unit.warehouse.batches import no_guard
from warehouse import coverage
from warehouse.database import connect, create_tables
from warehouse.home import Home
from warehouse.loading import load_landed
from warehouse.source import Source
from warehouse.week import Week

WEEKS = tuple(Week(date(2025, 11, 17)).until(Week(date(2025, 12, 1))))
NEXT = WEEKS[-1].next
KLINES, PRODUCT = "fapi.binance.com/fapi/v1/klines", "api.exchange.coinbase.com/products/BTC-USD/candles"


@pytest.fixture(scope="module")
def server():
    with running() as venue_server:
        yield venue_server


@pytest.fixture
def market(server: VenueServer) -> Market:
    market = Market(server)
    market.now = START + timedelta(days=21, minutes=20)
    return market


def fetch(market: Market, home: Home, dataset: str, *weeks: Week) -> Ingested:
    wanted = [span(week) for week in weeks] or None
    done = ingest(
        dataset, home=home, source=market.source, judge=no_guard, universe=UNIVERSE, patience=QUICK, wanted=wanted
    )
    with connect(home) as connection:
        load_landed(connection, home)
    return done


def states(market: Market, home: Home, dataset: str = "candles") -> dict[Week, str]:
    """The reason of each week that is not in; '' for those that are."""
    with connect(home) as connection:
        coverage.update(connection, market.source.now, market.source.starts_at, endpoints())
        found = week_states(connection, dataset, market.source, UNIVERSE)
    return {week: "" if state.is_in else state.reason for week, state in found.items()}


def candles(home: Home) -> list[tuple[object, ...]]:
    with connect(home) as connection:
        return connection.execute(
            "select venue, venue_symbol, open_time, close from raw.candles order by all"
        ).fetchall()


def moments(market: Market) -> list[tuple[datetime, datetime]]:
    return [tuple(datetime.fromtimestamp(ms / 1000, UTC) for ms in asked[1:]) for asked in market.asked]


def test_one_week_is_asked_alone_and_its_neighbours_stay_out(market, home):
    fetch(market, home, "instruments")
    fetch(market, home, "candles", WEEKS[1])
    first, last = span(WEEKS[1])
    assert market.asked and all(first <= start and end <= last for start, end in moments(market))
    opened = [row[2] for row in candles(home)]
    assert (min(opened), max(opened)) == (datetime(2025, 11, 24), datetime(2025, 11, 30, 23))
    found = states(market, home)
    assert (list(found), found[WEEKS[1]]) == (list(WEEKS), "")
    assert found[WEEKS[0]] and found[WEEKS[2]]


def test_what_is_known_of_a_week_is_not_asked_again(market, home):
    fetch(market, home, "instruments")
    fetch(market, home, "candles", WEEKS[1])
    market.asked.clear()
    again = fetch(market, home, "candles", WEEKS[1])
    assert (again.requests, market.asked) == (0, [])
    fetch(market, home, "candles", WEEKS[0], WEEKS[1])
    # Coinbase's page is asked too; of Binance's two symbols only the first week is.
    assert all(start < datetime(2025, 11, 24, tzinfo=UTC) for start, _ in moments(market)) and market.asked
    assert [week for week, reason in states(market, home).items() if not reason] == list(WEEKS[:2])


def test_weeks_one_by_one_and_then_all_give_what_one_run_gives(market, home, tmp_path):
    other = Home(tmp_path / "other")
    for dataset in ("instruments", "candles"):
        fetch(market, other, dataset)
    fetch(market, home, "instruments")
    for week in (WEEKS[1], WEEKS[0]):
        fetch(market, home, "candles", week)
    fetch(market, home, "candles")
    assert candles(home) == candles(other) and len(candles(home)) == 3 * 21 * 24
    assert set(states(market, home).values()) == {""}


def test_a_required_venue_that_does_not_answer_keeps_a_week_out_and_an_optional_one_does_not(market, home):
    fetch(market, home, "instruments")
    good = market.server.handlers[KLINES]
    market.server.handlers[PRODUCT] = lambda *_: Response(status_code=503)  # Coinbase: optional here
    fetch(market, home, "candles", *WEEKS)
    assert set(states(market, home).values()) == {""}
    market.server.handlers[KLINES] = lambda *_: Response(status_code=503)
    market.now += timedelta(days=7)
    fetch(market, home, "candles", NEXT)
    assert [week for week, reason in states(market, home).items() if reason] == [NEXT]
    assert "binance BTCUSDT" in states(market, home)[NEXT]
    market.server.handlers[KLINES] = good
    fetch(market, home, "candles", NEXT)
    assert set(states(market, home).values()) == {""}


def test_a_hole_that_the_venue_has_answered_is_no_open_question(market, home):
    fetch(market, home, "instruments")
    hole = int(datetime(2025, 11, 26, tzinfo=UTC).timestamp() * 1000)
    good = market.server.handlers[KLINES]
    market.server.handlers[KLINES] = lambda *args: [
        row for row in good(*args) if not hole <= row[0] < hole + 6 * 3_600_000
    ]
    fetch(market, home, "candles", *WEEKS)
    with connect(home) as connection:
        coverage.update(connection, market.source.now, market.source.starts_at, endpoints())
        missing = connection.execute("select week_start, sum(missing_rows) from raw.coverage group by all"
                                     " having sum(missing_rows) > 0").fetchall()  # fmt: skip
    assert missing == [(WEEKS[1].start, 2 * 6)]
    assert set(states(market, home).values()) == {""}


def test_a_list_read_after_a_week_had_closed_tells_of_it_and_an_earlier_one_does_not(market, home):
    market.now = START + timedelta(days=8)
    fetch(market, home, "instruments")
    assert states(market, home, "instruments") == {WEEKS[0]: ""}
    market.now = START + timedelta(days=21, minutes=20)
    found = states(market, home, "instruments")
    assert (found[WEEKS[0]], [week for week, reason in found.items() if "binance" in reason]) == ("", list(WEEKS[1:]))
    fetch(market, home, "instruments", WEEKS[2])
    assert set(states(market, home, "instruments").values()) == {""}


def test_a_feed_of_optional_venues_is_in_where_one_answered_and_out_of_reach_further_back():
    universe = Universe(frozenset({"USDT"}), {"gate": VenueScope(("perp",), False)}, {}, {})
    source = Source("simulated", "http://127.0.0.1:1", START, START + timedelta(days=21, hours=6))
    with duckdb.connect() as connection:
        create_tables(connection)
        connection.execute(
            "insert into raw.instruments (venue, market_type, venue_symbol) values ('gate', 'perp', 'X')"
        )
        connection.execute(
            "insert into raw.requests (dataset, origin, market_type, series, window_start, window_end, status) values"
            " ('liquidations', 'gate', 'perp', '*', '2025-11-29 06:00', '2025-12-08 06:00', 'complete')"
        )
        found = week_states(connection, "liquidations", source, universe)
    assert [(state.is_in, state.can_be_asked) for state in found.values()] == [
        (False, False),
        (False, False),
        (True, True),
    ]


def test_a_gap_beside_a_week_is_not_asked_for_it(market, home):
    """What must be asked for a gap reaches half an hour, or a candle's hour, over the week's edge."""
    fetch(market, home, "instruments")
    fetch(market, home, "candles", WEEKS[1])
    states(market, home)  # now the ledger knows that the other two weeks are missing
    market.asked.clear()
    fetch(market, home, "candles", WEEKS[1])
    assert market.asked == []
    fetch(market, home, "candles", *WEEKS[:2])
    assert max(row[2] for row in candles(home)) == datetime(2025, 11, 30, 23)
