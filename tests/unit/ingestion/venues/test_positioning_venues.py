"""Ratios of accounts and liquidations, venue by venue, against servers that follow the documented page rules."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from starlette.responses import JSONResponse

from ingestion.http.fetch import Malformed, Patience, Refused, Throttle
from ingestion.planning.feeds import feed_tasks
from ingestion.venues import VENUES
from ingestion.venues.client import VenueClient
from tests.unit.ingestion.venues.venue_server import VenueServer, running

HOUR = 3_600_000
START, NOW = datetime(2025, 9, 1, tzinfo=UTC), datetime(2025, 11, 24, 6, 20, tzinfo=UTC)
START_MS, NOW_MS = int(START.timestamp() * 1000), int(NOW.timestamp() * 1000)
QUICK = Patience(attempts=2, first_wait_s=0.001, longest_wait_s=0.1, longest_asked_wait_s=0.1)
# Every four hours, with a gap; the share of accounts that are long, to four decimals.
OBSERVED = [t for n, t in enumerate(range(START_MS, NOW_MS, 4 * HOUR)) if not 100 <= n < 130]
LONG = {t: round(0.3 + 0.4 * (t // HOUR % 97) / 97, 4) for t in OBSERVED}


@pytest.fixture(scope="module")
def served():
    with running() as server:
        yield server


@pytest.fixture
def server(served: VenueServer):
    served.handlers.clear()
    served.calls.clear()
    return served


async def ratios(server: VenueServer, venue: str, symbol: str) -> list[dict]:
    async with VenueClient(VENUES[venue], server.source(NOW, START), Throttle(venue, QUICK), 5000.0) as client:
        market = VENUES[venue].market("perp")
        return (await client.history(market, "long_short_ratios", symbol, START, NOW)).to_pylist()


def check(rows: list[dict], venue: str, symbol: str, tolerance: float = 1e-12) -> None:
    assert [row["observed_at"].replace(tzinfo=UTC).timestamp() * 1000 for row in rows] == OBSERVED
    assert {(row["venue"], row["venue_symbol"]) for row in rows} == {(venue, symbol)}
    expected = [LONG[t] / round(1 - LONG[t], 4) for t in OBSERVED]
    assert [row["long_short_account_ratio"] for row in rows] == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("keeps", ["oldest", "newest"])
async def test_binance_prints_the_ratio(server, keeps):
    def handle(request, _):
        q = request.query_params
        assert (q["symbol"], q["period"], int(q["limit"])) == ("BTCUSDT", "4h", 500)
        inside = [t for t in OBSERVED if int(q["startTime"]) <= t <= int(q["endTime"])]
        return [
            {"symbol": "BTCUSDT", "longAccount": str(LONG[t]), "shortAccount": str(round(1 - LONG[t], 4)),
             "longShortRatio": f"{LONG[t] / (1 - LONG[t]):.4f}", "timestamp": t}
            for t in (inside[:100] if keeps == "oldest" else inside[-100:])
        ]  # fmt: skip

    server.handlers["fapi.binance.com/futures/data/globalLongShortAccountRatio"] = handle
    check(await ratios(server, "binance", "BTCUSDT"), "binance", "BTCUSDT", tolerance=5e-5)


async def test_bybit_prints_both_shares_newest_first(server):
    def handle(request, _):
        q = request.query_params
        assert (q["category"], q["symbol"], q["period"]) == ("linear", "BTCUSDT", "4h")
        inside = [t for t in OBSERVED if int(q["startTime"]) <= t <= int(q["endTime"])][::-1][: int(q["limit"])]
        rows = [{"symbol": "BTCUSDT", "buyRatio": str(LONG[t]), "sellRatio": str(round(1 - LONG[t], 4)),
                 "timestamp": str(t)} for t in inside]  # fmt: skip
        return {"retCode": 0, "retMsg": "OK", "result": {"list": rows, "nextPageCursor": ""}}

    server.handlers["api.bybit.com/v5/market/account-ratio"] = handle
    check(await ratios(server, "bybit", "BTCUSDT"), "bybit", "BTCUSDT")


async def test_okx_prints_the_ratio_between_edges_that_do_not_belong(server):
    def handle(request, _):
        q = request.query_params
        assert (q["instId"], q["period"]) == ("BTC-USDT-SWAP", "4H")
        inside = [t for t in OBSERVED if int(q["begin"]) < t < int(q["end"])][::-1][: min(int(q["limit"]), 100)]
        return {"code": "0", "msg": "", "data": [[str(t), repr(LONG[t] / round(1 - LONG[t], 4))] for t in inside]}

    server.handlers["www.okx.com/api/v5/rubik/stat/contracts/long-short-account-ratio-contract"] = handle
    check(await ratios(server, "okx", "BTC-USDT-SWAP"), "okx", "BTC-USDT-SWAP")


async def test_bitgets_own_ratio_is_a_hundredth_so_its_shares_are_taken(server):
    def handle(request, _):
        assert dict(request.query_params) == {"symbol": "BTCUSDT", "period": "4h"}
        rows = [
            {"longAccountRatio": str(LONG[t]), "shortAccountRatio": str(round(1 - LONG[t], 4)),
             "longShortAccountRatio": f"{LONG[t] / (1 - LONG[t]) / 100:.4f}", "ts": str(t)}
            for t in OBSERVED
        ]  # fmt: skip
        return {"code": "00000", "msg": "success", "requestTime": NOW_MS, "data": rows}

    server.handlers["api.bitget.com/api/v2/mix/market/account-long-short"] = handle
    check(await ratios(server, "bitget", "BTCUSDT"), "bitget", "BTCUSDT")


async def test_nobody_short_is_no_ratio(server):
    rows = [{"symbol": "BTCUSDT", "buyRatio": "1", "sellRatio": "0", "timestamp": str(OBSERVED[5])}]
    server.handlers["api.bybit.com/v5/market/account-ratio"] = lambda request, _: {
        "retCode": 0, "retMsg": "OK",
        "result": {"list": rows if int(request.query_params["startTime"]) <= OBSERVED[5] else []},
    }  # fmt: skip
    assert [row["long_short_account_ratio"] for row in await ratios(server, "bybit", "BTCUSDT")] == [None]


# --- liquidations ----------------------------------------------------------------------------------------------------

DAY_FROM, DAY_TO = datetime(2025, 11, 20, tzinfo=UTC), datetime(2025, 11, 21, tzinfo=UTC)
SECOND = int(DAY_FROM.timestamp())
# contract, size, left, price, second. The first one belongs to the day before; two are alike, a third has another size.
ORDERS = [
    ("BTC_USDT", -165, 0, "28070", 0), ("BTC_USDT", -165, 0, "28070", 1), ("BTC_USDT", 40, 10, "28071.5", 1),
    ("SOL_USDT", 7, 0, "130.25", 3600), ("SOL_USDT", 7, 0, "130.25", 3600), ("SOL_USDT", 9, 0, "130.25", 3600),
    ("NEW_USDT", 5, 0, "2", 40_000), ("BTC_USDT", -1, 0, "28000", 86_400), ("BTC_USDT", -2, 0, "28000", 86_401),
]  # fmt: skip
SIZES = {"BTC_USDT": 0.0001, "SOL_USDT": 1.0}


def liquidated(orders):
    def handle(request, _):
        q = request.query_params
        first, last = int(q["from"]), int(q["to"])
        if last - first > 3600:
            return JSONResponse({"label": "INVALID_PARAM_VALUE", "message": "range from/to must in 1 hour"}, 400)
        inside = [o for o in orders if first <= SECOND + o[4] <= last][::-1][: int(q["limit"])]
        return [
            {"contract": c, "left": left, "size": size, "order_size": -size, "fill_price": price, "order_price": price,
             "time": SECOND + at}
            for c, size, left, price, at in inside
        ]  # fmt: skip

    return handle


async def events(server: VenueServer) -> list[dict]:
    async with VenueClient(VENUES["gate"], server.source(NOW, START), Throttle("gate", QUICK), 5000.0) as client:
        market = VENUES["gate"].market("perp")
        return (await client.events(market, "liquidations", DAY_FROM, DAY_TO, SIZES)).to_pylist()


async def test_gate_tells_whose_side_was_closed_and_how_much(server):
    server.handlers["api.gateio.ws/api/v4/futures/usdt/liq_orders"] = liquidated(ORDERS)
    rows = await events(server)
    told = [(row["venue_symbol"], row["side"], row["price"], row["occurrence"], row["quantity"]) for row in rows]
    assert told == [
        ("BTC_USDT", "long", 28071.5, 1, pytest.approx(0.003)),
        ("BTC_USDT", "short", 28070.0, 1, pytest.approx(0.0165)),
        ("SOL_USDT", "long", 130.25, 1, 7.0),
        ("SOL_USDT", "long", 130.25, 2, 7.0),
        ("SOL_USDT", "long", 130.25, 3, 9.0),
        ("NEW_USDT", "long", 2.0, 1, None),  # nobody knows how large a contract it has: a guard holds it
        ("BTC_USDT", "short", 28000.0, 1, pytest.approx(0.0001)),
    ]
    assert rows[1]["liquidated_at"] == datetime(2025, 11, 20, 0, 0, 1)
    assert rows == await events(server)  # so that reading it again adds nothing
    assert len(server.calls) == 2 * 24 * 3


async def test_what_gate_does_not_document_is_malformed_and_a_refusal_a_refusal(server):
    path = "api.gateio.ws/api/v4/futures/usdt/liq_orders"
    server.handlers[path] = lambda *_: [{"contract": "BTC_USDT", "size": "many"}]
    with pytest.raises(Malformed, match="not what gate documents"):
        await events(server)
    server.handlers[path] = lambda *_: JSONResponse({"label": "INVALID_PARAM_VALUE", "message": "no"}, 400)
    with pytest.raises(Refused):
        await events(server)


# --- which days of a feed are asked ----------------------------------------------------------------------------------


def planned(answered=(), *, now=NOW, only=None, wanted=None, listed=True):
    instrument = SimpleNamespace(venue="gate", market_type="perp", venue_symbol="BTC_USDT", row={"contract_size": 1.0})
    plan = SimpleNamespace(
        dataset="liquidations",
        source=SimpleNamespace(starts_at=START),
        due=now.replace(minute=0),
        only=only,
        wanted=wanted,
        answered={("gate", "perp", "*"): answered} if answered else {},
        universe=SimpleNamespace(reread={"liquidations": timedelta(hours=6)}),
    )
    client = SimpleNamespace(venue=VENUES["gate"], throttle=None)
    return [
        (t.window_start, t.window_end)
        for t in feed_tasks(plan, VENUES["gate"].market("perp"), client, [instrument] if listed else [])
    ]


def test_a_feed_is_asked_day_by_day_as_far_back_as_declared():
    windows = planned()
    due = NOW.replace(minute=0)
    assert windows[0] == (due - timedelta(days=8), datetime(2025, 11, 17, tzinfo=UTC))
    assert windows[-1] == (datetime(2025, 11, 24, tzinfo=UTC), due)
    assert [a for a, _ in windows[1:]] == [b for _, b in windows[:-1]]
    assert all(b - a == timedelta(days=1) for a, b in windows[1:-1])


def test_what_was_answered_is_not_asked_again_but_for_its_end():
    due = NOW.replace(minute=0)
    assert planned([(due - timedelta(days=8), due)]) == []
    later = NOW + timedelta(hours=5)
    assert planned([(START, due)], now=later) == [(due - timedelta(hours=6), due + timedelta(hours=5))]
    hole = [(START, datetime(2025, 11, 19, tzinfo=UTC)), (datetime(2025, 11, 20, tzinfo=UTC), due)]
    assert planned(hole) == [(datetime(2025, 11, 18, 18, tzinfo=UTC), datetime(2025, 11, 19, tzinfo=UTC)),
                             (datetime(2025, 11, 19, tzinfo=UTC), datetime(2025, 11, 20, tzinfo=UTC))]  # fmt: skip


def test_of_a_feed_only_the_wanted_week_is_asked():
    week = (datetime(2025, 11, 17, tzinfo=UTC), datetime(2025, 11, 24, 0, 30, tzinfo=UTC))
    spans = planned(wanted=[week])
    assert (spans[0][0], spans[-1][1]) == week and len(spans) == 8


def test_a_venue_that_lists_nothing_is_not_asked_for_events():
    assert planned(listed=False) == []
    assert planned(only=object()) == []
