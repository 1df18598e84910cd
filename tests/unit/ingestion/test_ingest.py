"""A whole ingestion against a small server: plan, ledger, incremental second runs, and venues that fail."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response

from ingestion import ingest as module
from ingestion.http.fetch import Patience
from ingestion.ingest import Ingested, Only, foreseen, ingest
from ingestion.planning.endpoints import endpoints
from ingestion.universe import ReferenceScope, Universe, VenueScope
from ingestion.venues import VENUES
from tests.unit.ingestion.venues.venue_server import VenueServer, running
from tests.unit.warehouse.batches import critical_guard, negative_closes_stop, no_guard
from warehouse import coverage
from warehouse.contracts import DATASETS
from warehouse.database import connect
from warehouse.home import Home
from warehouse.loading import load_landed
from warehouse.source import Source

HOUR = 3_600_000
START = datetime(2025, 11, 17, tzinfo=UTC)
QUICK = Patience(attempts=2, first_wait_s=0.001, longest_wait_s=0.05, longest_asked_wait_s=0.05, give_up_after=2)
UNIVERSE = Universe(
    frozenset({"USDT", "USDC", "USD"}),
    {"binance": VenueScope(("perp",), True), "coinbase": VenueScope(("spot",), False)},
    {},
    {"candles": timedelta(hours=24)},
)


class Market:
    """Two Binance perps and one Coinbase product whose prices are a function of the hour; time can move on."""

    def __init__(self, server: VenueServer) -> None:
        self.server = server
        self.symbols = ["BTCUSDT", "ETHUSDT"]
        self.now = START + timedelta(days=3, minutes=20)
        self.price = 100.0
        self.asked: list[tuple[str, int, int]] = []
        server.handlers.clear()
        server.handlers |= {
            "fapi.binance.com/fapi/v1/exchangeInfo": self.exchange_info,
            "fapi.binance.com/fapi/v1/klines": self.klines,
            "fapi.binance.com/fapi/v1/fundingRate": self.funding,
            "api.exchange.coinbase.com/products": lambda *_: [{"id": "BTC-USD", "status": "online"}],
            "api.exchange.coinbase.com/products/BTC-USD/candles": self.coinbase,
        }

    @property
    def source(self) -> Source:
        return Source("simulated", self.server.url, START, self.now)

    def hours(self, start: int, end: int) -> list[int]:
        first = int(START.timestamp() * 1000)
        return [t for t in range(first, int(self.now.timestamp() * 1000) + 1, HOUR) if start <= t <= end]

    def exchange_info(self, *_: Any) -> Any:
        return {"symbols": [
            {"symbol": s, "contractType": "PERPETUAL", "deliveryDate": 4133404800000, "status": "TRADING",
             "baseAsset": s[:3], "quoteAsset": "USDT", "marginAsset": "USDT", "filters": []}
            for s in self.symbols
        ]}  # fmt: skip

    def klines(self, request: Any, _: Any) -> Any:
        q = request.query_params
        self.asked.append((q["symbol"], int(q["startTime"]), int(q["endTime"])))
        p = str(self.price)
        hours = self.hours(int(q["startTime"]), int(q["endTime"]))[:50]
        return [[t, p, p, p, p, "1", t, "2", 3, "", "", "0"] for t in hours]

    def funding(self, request: Any, _: Any) -> Any:
        q = request.query_params
        times = [t for t in self.hours(int(q["startTime"]), int(q["endTime"])) if t // HOUR % 8 == 0]
        return [{"symbol": q["symbol"], "fundingTime": t, "fundingRate": "0.0001"} for t in times]

    def coinbase(self, request: Any, _: Any) -> Any:
        q = request.query_params
        start, end = (int(datetime.fromisoformat(q[edge]).timestamp() * 1000) for edge in ("start", "end"))
        return [[t // 1000, 1, 4, 2, 3, 5] for t in self.hours(start, end)][::-1]


@pytest.fixture(scope="module")
def server():
    with running() as venue_server:
        yield venue_server


@pytest.fixture
def market(server: VenueServer) -> Market:
    return Market(server)


def run_once(
    market: Market,
    home: Home,
    *datasets: str,
    judge: Any = no_guard,
    universe: Universe = UNIVERSE,
    only: Only | None = None,
) -> Ingested:
    result = Ingested("")
    source = market.source
    for dataset in datasets:
        result = ingest(dataset, home=home, source=source, judge=judge, universe=universe, patience=QUICK, only=only)
        with connect(home) as connection:
            load_landed(connection, home)
    return result


def query(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with connect(home) as connection:
        return connection.execute(sql).fetchall()


def test_a_first_run_fetches_everything_and_says_what_was_asked(market, home):
    result = run_once(market, home, "instruments", "candles")
    assert (result.rows, result.requests, result.failed) == (3 * 72, 3, [])
    received = "select venue, venue_symbol, count(*), min(open_time), max(open_time) from raw.candles group by all"
    assert query(home, f"{received} order by all") == [
        (venue, symbol, 72, datetime(2025, 11, 17), datetime(2025, 11, 19, 23))
        for venue, symbol in (("binance", "BTCUSDT"), ("binance", "ETHUSDT"), ("coinbase", "BTC-USD"))
    ]
    asked = "origin, market_type, series, window_start, window_end, rows_received, status"
    ledger = query(home, f"select {asked} from raw.requests where dataset = 'candles' order by all")
    assert ledger[0] == ("binance", "perp", "BTCUSDT", datetime(2025, 11, 17), datetime(2025, 11, 20), 72, "complete")
    assert len(ledger) == 3


def test_a_second_run_at_the_same_hour_asks_nothing_and_lands_nothing(market, home):
    run_once(market, home, "instruments", "candles", "funding_rates")
    calls = list(market.server.calls)
    before = query(home, "select count(*) from raw.requests") + query(home, "select count(*) from raw.loads")
    market.now += timedelta(minutes=30)  # within the same hour nothing can have happened
    result = run_once(market, home, "instruments", "candles", "funding_rates")
    assert (result.rows, result.requests, result.manifests) == (0, 0, [])
    assert [path for path in market.server.calls[len(calls) :] if not path.startswith("market/")] == []
    assert query(home, "select count(*) from raw.requests") + query(home, "select count(*) from raw.loads") == before


def test_a_later_run_asks_for_what_is_new_and_reads_a_day_again(market, home):
    run_once(market, home, "instruments", "candles")
    market.asked.clear()
    market.now += timedelta(days=1)
    market.price = 101.0
    result = run_once(market, home, "instruments", "candles")
    reread = int((START + timedelta(days=2)).timestamp() * 1000)
    assert {start for _, start, _ in market.asked} == {reread}
    assert result.rows == 3 * 48
    new, revised = 3 * 24, 2 * 24  # Coinbase's prices did not change
    assert query(home, "select count(*) from raw.candles") == [(3 * 72 + new + revised,)]


def test_one_venue_down_costs_its_rows_and_nothing_else(market, home):
    run_once(market, home, "instruments")
    market.server.handlers["api.exchange.coinbase.com/products/BTC-USD/candles"] = lambda *_: Response(status_code=503)
    result = run_once(market, home, "candles")
    assert result.rows == 2 * 72
    assert [(r.origin, r.series, r.status) for r in result.failed] == [("coinbase", "BTC-USD", "failed")]
    assert "503" in result.failed[0].reason
    failed = "select origin, rows_received from raw.requests where status = 'failed'"
    assert query(home, failed) == [("coinbase", 0)]
    Market(market.server)  # it is back
    market.asked.clear()
    again = run_once(market, home, "candles")
    assert (again.rows, again.failed, market.asked) == (72, [], [])


def test_one_symbol_that_fails_does_not_stop_the_others(market, home):
    run_once(market, home, "instruments")
    good = market.klines

    def handle(request: Any, body: Any) -> Any:
        return HTMLResponse("<html>") if request.query_params["symbol"] == "BTCUSDT" else good(request, body)

    market.server.handlers["fapi.binance.com/fapi/v1/klines"] = handle
    result = run_once(market, home, "candles")
    assert [(r.origin, r.series) for r in result.failed] == [("binance", "BTCUSDT")]
    assert "no JSON" in result.failed[0].reason
    assert result.rows == 2 * 72


def test_a_venue_that_never_gave_its_list_is_a_hole_and_not_an_empty_venue(market, home):
    market.server.handlers["fapi.binance.com/fapi/v1/exchangeInfo"] = lambda *_: Response(status_code=451)
    result = run_once(market, home, "instruments")
    assert [(r.origin, r.series, r.reason.split(" from")[0]) for r in result.failed] == [
        ("binance", "*", "HTTP 451 Unavailable For Legal Reasons")
    ]
    result = run_once(market, home, "candles")
    assert [(r.origin, r.market_type, r.series) for r in result.failed] == [("binance", "perp", "*")]
    assert result.rows == 72


def test_a_vanished_instrument_stays_known_and_is_asked_once_more(market, home):
    run_once(market, home, "instruments", "candles")
    market.symbols = ["BTCUSDT"]
    market.now += timedelta(days=1)
    run_once(market, home, "instruments", "candles")
    listed = dict(query(home, "select venue_symbol, max_by(is_active, recorded_at) from raw.instruments group by all"))
    assert listed == {"BTCUSDT": True, "ETHUSDT": False, "BTC-USD": True}
    assert query(home, "select count(*) from raw.candles where venue_symbol = 'ETHUSDT'") == [(96,)]


def test_a_delisted_symbol_that_the_venue_forgot_is_not_a_failure(market, home):
    run_once(market, home, "instruments", "candles")
    market.symbols = ["BTCUSDT"]
    market.now += timedelta(days=1)
    good = market.klines

    def handle(request: Any, body: Any) -> Any:
        if request.query_params["symbol"] == "ETHUSDT":
            return Response('{"code":-1121,"msg":"Invalid symbol."}', 400, media_type="application/json")
        return good(request, body)

    market.server.handlers["fapi.binance.com/fapi/v1/klines"] = handle
    assert run_once(market, home, "instruments", "candles").failed == []


def test_settlements_keep_their_times_and_rates(market, home):
    run_once(market, home, "instruments", "funding_rates")
    settled = "select count(*), min(settled_at), max(settled_at), max(funding_rate) from raw.funding_rates"
    assert query(home, settled) == [
        (2 * 10, datetime(2025, 11, 17), datetime(2025, 11, 20), 0.0001)
    ]  # fmt: skip


def test_rows_land_before_they_are_judged_and_the_judge_is_asked_for_each_batch(market, home):
    market.price = -1.0
    run_once(market, home, "instruments")
    run_once(market, home, "candles", judge=negative_closes_stop)
    assert query(home, "select venue, count(*) from raw.candles group by all") == [("coinbase", 72)]
    assert query(home, "select count(*) from raw.quarantine") == [(144,)]


def test_a_critical_guard_does_not_lose_what_came(market, home):
    run_once(market, home, "instruments")
    result = run_once(market, home, "candles", judge=critical_guard)
    assert sum(manifest.rows for manifest in result.manifests) == 3 * 72


@pytest.mark.parametrize(("bound", "value"), [("ROWS_PER_BATCH", 50), ("SECONDS_PER_BATCH", 0.0)])
def test_what_is_large_or_has_waited_lands_in_several_batches(market, home, monkeypatch, bound, value):
    monkeypatch.setattr(module, bound, value)
    result = run_once(market, home, "instruments", "candles")
    assert Counter((m.origin, m.rows) for m in result.manifests) == {("binance", 72): 2, ("coinbase", 72): 1}


def test_only_the_bases_of_the_universe_are_asked(market, home):
    narrow = Universe(UNIVERSE.quotes, {"binance": VenueScope(("perp",), True, {"perp": frozenset({"ETH"})})}, {}, {})
    run_once(market, home, "instruments", universe=narrow)
    run_once(market, home, "candles", universe=narrow)
    assert query(home, "select distinct venue_symbol from raw.candles") == [("ETHUSDT",)]


def test_a_series_that_is_not_offered_is_told_once_an_hour(market, home):
    fred = ReferenceScope(True, {"lookback_days": 1, "macro_series": ["DGS10", "NONE"]})
    universe = Universe(UNIVERSE.quotes, {}, {"fred": fred}, {})

    def csv(request: Any, _: Any) -> Any:
        name = request.query_params["id"]
        return Response("", 404) if name == "NONE" else Response(f"observation_date,{name}\n2025-11-18,4.1\n")

    market.server.handlers["fred.stlouisfed.org/graph/fredgraph.csv"] = csv
    first = run_once(market, home, "macro_series", universe=universe)
    assert first.rows == 1
    assert [(r.series, r.reason.split(":")[0]) for r in first.failed] == [("NONE", "not offered")]
    assert run_once(market, home, "macro_series", universe=universe).requests == 0
    market.now += timedelta(hours=1)
    assert run_once(market, home, "macro_series", universe=universe).requests == 2


def test_progress_is_told(market, home):
    class Listener:
        def __init__(self) -> None:
            self.asked_of: Counter[str] = Counter()
            self.rows: Counter[str] = Counter()

        def asked(self, dataset: str, origin: str, questions: int) -> None:
            self.asked_of[origin] += questions

        def answered(self, dataset: str, origin: str, rows: int, is_failed: bool) -> None:
            self.asked_of[origin] -= 1
            self.rows[origin] += rows

    run_once(market, home, "instruments")
    listener = Listener()
    ingest("candles", home=home, source=market.source, judge=no_guard, progress=listener, universe=UNIVERSE)
    assert +listener.asked_of == Counter()
    assert listener.rows == {"binance": 144, "coinbase": 72}


# --- gaps ---


def ledger(market: Market, home: Home) -> list[tuple[Any, ...]]:
    """The ledger brought up to date: what is missing of candles."""
    with connect(home) as connection:
        coverage.update(connection, market.source.now, market.source.starts_at, endpoints())
        return connection.execute(
            "select series, missing_rows, tries, is_closed, reason from raw.coverage"
            " where dataset = 'candles' and missing_rows > 0 order by all"
        ).fetchall()


def lose(market: Market, symbol: str, first: datetime, last: datetime) -> None:
    """The venue does not have the candles that open between two moments."""
    whole = market.klines

    def klines(request: Any, body: Any) -> Any:
        times = [int(moment.timestamp() * 1000) for moment in (first, last)]
        is_lost = request.query_params["symbol"] == symbol
        return [row for row in whole(request, body) if not (is_lost and times[0] <= row[0] <= times[1])]

    market.server.handlers["fapi.binance.com/fapi/v1/klines"] = klines


GONE = (START + timedelta(hours=10), START + timedelta(hours=12))


def test_a_gap_is_asked_for_again_when_its_turn_comes_and_only_its_window(market, home):
    lose(market, "ETHUSDT", *GONE)
    run_once(market, home, "instruments", "candles")
    assert ledger(market, home) == [("ETHUSDT", 3, 1, False, "the venue answered without it")]
    market.asked.clear()
    assert run_once(market, home, "candles").requests == 0  # its turn has not come
    market.now += timedelta(days=1)
    run_once(market, home, "candles")
    window = [int(moment.timestamp() * 1000) for moment in GONE]
    of_gap = [(start, end) for symbol, start, end in market.asked if symbol == "ETHUSDT" and end <= window[1]]
    assert of_gap[0] == (window[0], window[1]) and len(market.asked) == len(of_gap) + 2
    assert ledger(market, home) == [("ETHUSDT", 3, 2, False, "the venue answered without it")]


def test_only_gaps_are_asked_for_if_nothing_else_is_wanted(market, home):
    lose(market, "ETHUSDT", *GONE)
    run_once(market, home, "instruments", "candles")
    ledger(market, home)
    market.now += timedelta(days=1)
    Market(market.server)  # the venue has them now
    market.server.handlers["fapi.binance.com/fapi/v1/klines"] = market.klines
    market.asked.clear()
    result = run_once(market, home, "candles", only=Only())
    assert {symbol for symbol, *_ in market.asked} == {"ETHUSDT"} and (result.requests, result.rows) == (1, 3)
    assert query(home, "select count(*) from raw.candles where venue_symbol = 'ETHUSDT'") == [(72,)]


def test_a_gap_that_reaches_beyond_what_was_answered_reads_the_end_of_that_again(market, home):
    run_once(market, home, "instruments", "candles")
    until = market.now
    market.now += timedelta(days=1)
    ledger(market, home)  # the day since is due now, and not here
    market.asked.clear()
    run_once(market, home, "candles", only=Only())
    first = min(start for symbol, start, _ in market.asked if symbol == "BTCUSDT")
    assert first <= int((until - timedelta(hours=1)).timestamp() * 1000)


def test_one_window_is_asked_for_whatever_is_known_of_it(market, home):
    run_once(market, home, "instruments", "candles")
    market.asked.clear()
    window = (START, START + timedelta(days=1))
    result = run_once(market, home, "candles", only=Only("binance", "BTCUSDT", window))
    assert {symbol for symbol, *_ in market.asked} == {"BTCUSDT"} and (result.requests, result.rows) == (1, 24)


def test_a_stretch_that_failed_is_asked_for_although_a_later_one_was_answered(market, home):
    """A watermark would take the later window for the whole."""
    run_once(market, home, "instruments")
    market.server.handlers["fapi.binance.com/fapi/v1/klines"] = lambda *_: Response(status_code=503)
    run_once(market, home, "candles")
    market.server.handlers["fapi.binance.com/fapi/v1/klines"] = market.klines
    last_day = (market.now.replace(minute=0) - timedelta(days=1), market.now.replace(minute=0))
    run_once(market, home, "candles", only=Only("binance", "BTCUSDT", last_day))
    assert query(home, "select count(*) from raw.candles where venue_symbol = 'BTCUSDT'") == [(24,)]
    run_once(market, home, "candles")
    assert query(home, "select count(*) from raw.candles where venue_symbol = 'BTCUSDT'") == [(72,)]


def test_what_a_venue_keeps_no_longer_is_closed_and_asked_for_once(market, home, monkeypatch):
    from dataclasses import replace

    from ingestion.venues import binance

    perp = binance.VENUE.markets[0]
    short = {**perp.datasets, "candles": replace(perp.datasets["candles"], depth=timedelta(days=1))}
    venue = replace(binance.VENUE, markets=(replace(perp, datasets=short), *binance.VENUE.markets[1:]))
    monkeypatch.setitem(VENUES, "binance", venue)
    market.server.handlers["market/contents"] = lambda *_: {"venues": {}, "series": {}, "has_real_retention": True}
    market.symbols = ["BTCUSDT"]
    result = run_once(market, home, "instruments", "candles")
    kept_from = (market.now - timedelta(days=1)).replace(minute=0) + timedelta(hours=1)
    assert {start for _, start, _ in market.asked} == {int(kept_from.timestamp() * 1000)}
    assert [(r.window_start, r.window_end, r.reason) for r in result.failed] == [
        (START, kept_from, "not kept: the venue keeps only 1 days")
    ]
    market.asked.clear()
    market.now += timedelta(hours=5)
    assert run_once(market, home, "candles").failed == []  # what is gone is gone: it is not told again


@pytest.mark.parametrize("dataset", sorted(DATASETS))
def test_every_dataset_has_someone_to_ask(dataset, home):
    nobody = Source("simulated", "http://127.0.0.1:9", START, START + timedelta(days=3))
    result = ingest(dataset, home=home, source=nobody, judge=no_guard, patience=QUICK)
    assert result.rows == 0 and result.failed
    assert all(request.reason for request in result.failed)


def test_a_refusal_for_age_narrows_the_window_and_loses_nothing_that_is_kept(market, home):
    """The venue keeps the last two days, and refuses whole what begins before: found to a day, told as not kept."""
    kept_from = START + timedelta(hours=31)

    def klines(request: Any, body: Any) -> Any:
        if int(request.query_params["startTime"]) < kept_from.timestamp() * 1000:
            return JSONResponse({"code": -1130, "msg": "parameter 'startTime' is invalid."}, 400)
        return market.klines(request, body)

    market.server.handlers["fapi.binance.com/fapi/v1/klines"] = klines
    market.symbols = ["BTCUSDT"]
    run_once(market, home, "instruments", "candles")
    asked = query(
        home,
        "select status, window_start, window_end, split_part(reason, ':', 1) from raw.requests"
        " where dataset = 'candles' and series = 'BTCUSDT' order by window_start",
    )
    (_, first, since, reason), (status, start, end, _) = asked
    assert (first, reason) == (START.replace(tzinfo=None), "not kept")
    assert (status, start, end) == ("complete", since, datetime(2025, 11, 20))
    assert timedelta(0) <= since.replace(tzinfo=UTC) - kept_from <= timedelta(days=1)
    got = query(home, "select min(open_time), count(*) from raw.candles where venue = 'binance'")
    assert got == [(since, (end - since) // timedelta(hours=1))]
    n_calls = len(market.asked)
    run_once(market, home, "candles")
    assert len(market.asked) == n_calls  # what is not kept is not asked for again


def test_what_is_no_coin_or_not_yet_one_is_listed_and_not_asked_about(market, home):
    def listed(*_: Any) -> Any:
        row = market.exchange_info()["symbols"][0]
        more = [
            row | {"symbol": "TSLAUSDT", "baseAsset": "TSLA", "contractType": "TRADIFI_PERPETUAL"},
            row | {"symbol": "NEWUSDT", "baseAsset": "NEW", "underlyingType": "PREMARKET"},
        ]
        return {"symbols": [row, *more]}

    market.server.handlers["fapi.binance.com/fapi/v1/exchangeInfo"] = listed
    run_once(market, home, "instruments", "candles")
    listed_rows = "select venue_symbol, asset_class, is_premarket from raw.instruments where venue = 'binance'"
    assert query(home, listed_rows) == [
        ("BTCUSDT", "crypto", False), ("TSLAUSDT", "equity", False), ("NEWUSDT", "crypto", True),
    ]  # fmt: skip
    assert {symbol for symbol, *_ in market.asked} == {"BTCUSDT"}


def test_what_is_foreseen_is_what_is_asked(market, home):
    """Thirty days: 719 candles in pages of 499, and of 300 hours; 90 settlements and the proof that none follows."""

    def klines(request: Any, _: Any) -> Any:
        q = request.query_params
        inside = market.hours(int(q["startTime"]), int(q["endTime"]))
        return [[t, "1", "1", "1", "1", "1", t, "2"] for t in inside[: int(q["limit"])]]

    market.now = START + timedelta(days=30, minutes=20)
    market.server.handlers["fapi.binance.com/fapi/v1/klines"] = klines
    run_once(market, home, "instruments")
    datasets = ("candles", "funding_rates")
    plan = foreseen(datasets, home=home, source=market.source, universe=UNIVERSE)
    for dataset, requests in zip(datasets, (2 * 2 + 3, 2 * 2), strict=True):
        market.server.calls.clear()
        run_once(market, home, dataset)
        asked = [path for path in map(str, market.server.calls) if "market/contents" not in path]
        assert sum(task.cost.requests for task in plan[dataset]) == len(asked) == requests
