"""What the words of each answer demand: an assertion for each, in their order, or why there is none.

The words themselves stand beside the bodies. An answer that is in no list fails the test: it is read and asserted, or
it is said why not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from ingestion.archives import ARCHIVES
from ingestion.venues import VENUES
from ingestion.venues.venue import History
from regime.dev.read import Made
from regime.dev.recorded import RecordedAnswer
from tests.recorded.expecting import all_rows, named, symbols


@dataclass(frozen=True)
class Exempt:
    """A demand that no assertion on this answer can hold, and why; where another test does, which."""

    reason: str


Must = Callable[[Made, RecordedAnswer], object] | Exempt


def is_read(made: Made, answer: RecordedAnswer) -> bool:
    """The rows are there: fields that are new, missing or wrong beside them cost nothing."""
    return made.error is None and bool(made.rows)


def _class_of(symbol: str, asset_class: str) -> Must:
    return lambda made, answer: named(made, symbol)["asset_class"] == asset_class


def _is_inactive(*names: str) -> Must:
    return lambda made, answer: {named(made, name)["is_active"] for name in names} == {False}


def _is_set_aside(*names: str) -> Must:
    return lambda made, answer: {row["row"]["venue_symbol"] for row in made.refused} >= set(names)


def _last_is_refused(made: Made, answer: RecordedAnswer) -> bool:
    """The unfinished candle does not go on; everything before it does."""
    rows = sorted(all_rows(made), key=lambda row: row["open_time"])
    return [r["row"] for r in made.refused] == [rows[-1]] and made.refused[0]["rule"] == "hour_is_over"


def _bands_hold_each_other(made: Made, answer: RecordedAnswer) -> bool:
    for side in ("bid", "ask"):
        rows = sorted((r for r in made.rows if r["side"] == side), key=lambda row: row["band_pct"])
        amounts = [row["base_amount"] for row in rows]
        if [row["band_pct"] for row in rows] != [1, 2, 3, 4, 5] or amounts != sorted(amounts):
            return False
    return True


def _depth(venue: str, dataset: str, least: int, most: int) -> Must:
    def check(made: Made, answer: RecordedAnswer) -> bool:
        endpoint = VENUES[venue].market("perp").datasets[dataset]
        assert isinstance(endpoint, History) and endpoint.depth is not None
        return timedelta(days=least) <= endpoint.depth < timedelta(days=most)

    return check


def _class(name: str) -> Must:
    return lambda made, answer: made.error is not None and made.error["class"] == name


def _volumes(made: Made, answer: RecordedAnswer) -> bool:
    """Dollars over coins are the price: neither is taken for the other."""
    return all(0.9 < r["quote_volume"] / r["base_volume"] / r["close"] < 1.1 for r in made.rows)


def _halved(made: Made, answer: RecordedAnswer) -> bool:
    first = answer.expect["first"]
    return bool(made.rows[0]["open_interest_usd"] == pytest.approx(float(first["both_sides"]) / 2, rel=1e-6))


def _contracts(size: float) -> Must:
    """Contracts times their size is the amount of coins, and dollars over coins the price."""
    return lambda made, answer: (
        made.rows[0]["base_volume"] * made.rows[0]["close"] == pytest.approx(made.rows[0]["quote_volume"], rel=0.05)
    )


def _minutes_of_delay(made: Made, answer: RecordedAnswer) -> bool:
    """Times are kept as they are stamped; the models settle them on the hour."""
    times = [row["settled_at"] for row in made.rows]
    return any(t.microsecond for t in times) and all(abs((t - _hour(t)).total_seconds()) < 60 for t in times)


def _hour(moment: datetime) -> datetime:
    return (moment + timedelta(minutes=30)).replace(minute=0, second=0, microsecond=0)


PAGES = Exempt("how full a page is proves nothing to the pager: test_paging, test_paging_venues")

MUSTS: dict[str, list[Must]] = {
    "binance/api_exchangeInfo.2025-08": [is_read, _is_inactive("BCCBTC", "EOSETH")],
    "binance/api_exchangeInfo.tokenised-stock-2026-08": [_class_of("NVDABUSDT", "equity")],
    "binance/fapi_error.restricted-location": [
        lambda made, answer: made.error["class"] == "give_up" and "451" in made.error["said"]
    ],
    "binance/fapi_exchangeInfo.2021-07": [
        lambda made, answer: named(made, "BTCBUSD")["quote"] == "BUSD",
        _is_set_aside("BTCUSDT_210924", "ETHUSDT_210924"),
    ],
    "binance/fapi_exchangeInfo.2026-03-a": [
        _class_of("GOOGLEUSDT", "equity"),
        lambda made, answer: {named(made, s)["asset_class"] for s in ("BTCDOMUSDT", "BLUEBIRDUSDT")} == {"index"},
        _is_inactive("BLUEBIRDUSDT", "GOOGLEUSDT", "BMNRUSDT", "EOSUSDT", "MKRUSDT", "OMGUSDT", "FLMUSDT", "IDOL",
                     "ABCCCUSDT"),
        _is_inactive("OMGUSDT"),
        _is_set_aside("BTCUSDT_250926"),
        lambda made, answer: "币安人生USDT" in symbols(made),
    ],
    "binance/fapi_exchangeInfo.one-equity-2026-08": [
        lambda made, answer: (named(made, "TEMUSDT")["asset_class"], named(made, "TEMUSDT")["listed_at"])
        == ("equity", datetime(2026, 8, 29)),
        lambda made, answer: (named(made, "TEMUSDT")["base"], named(made, "TEMUSDT")["quote"]) == ("TEM", "USDT"),
    ],
    "binance/fapi_fundingRate.BTCUSDT-2020-01": [_minutes_of_delay],
    "binance/fapi_fundingRate.ETHUSDT-2026-10": [is_read, PAGES],
    "binance/futures_data_globalLongShortAccountRatio.BTCUSDT-4h-2020": [is_read],
    "binance_vision/s3_listing.um-trades-2026-09": [
        lambda made, answer: [row["has_checksum"] for row in made.rows] == [True, False]
    ],
    "binance_vision/spot_klines_csv.BTCUSDT-1m-2025-01-microseconds": [
        lambda made, answer: made.rows[0]["open_time"] == datetime(2025, 1, 1)
    ],
    "binance_vision/um_bookDepth_csv.BTCUSDT-2025-05-19": [
        _bands_hold_each_other,
        Exempt("one snapshot has no price beside it: candles refuse it (check_order_books, whose unit test it is)"),
    ],
    "binance_vision/um_fundingRate_csv.BTCUSDT-2025-06": [
        is_read,
        lambda made, answer: ARCHIVES["binance_vision"].kind("perp", "funding_rates").lengths == ("month",),
    ],
    "binance_vision/um_klines_CHECKSUM.BTCUSDT-1h-2024-10-28": [
        Exempt("a file that is not what its checksum says is an answer of our own making, and test_archives")
    ],
    "binance_vision/um_metrics_csv.BTCUSDT-2025-06-01": [
        lambda made, answer: made.rows[0]["observed_at"] == datetime(2025, 6, 1),
        lambda made, answer: made.rows[0]["long_short_account_ratio"] == 1.1906,
        lambda made, answer: [r["observed_at"] for r in made.rows] == sorted(r["observed_at"] for r in made.rows),
    ],
    "bitget/account-long-short.BTCUSDT-2025-09": [
        lambda made, answer: all(row["long_short_account_ratio"] > 1 for row in made.rows)
    ],
    "bitget/contracts.rwa-2026": [_class_of("NVDAUSDT", "equity"), _is_inactive("BTCUSDT")],
    "bitget/history-candles.BTCUSDT-1m-2022": [
        Exempt("both edges are asked a millisecond wider, so that none is lost: bitget.py, test_paging_venues")
    ],
    "bybit/error.10001-invalid-symbol": [_class("not_offered")],
    "bybit/error.10001-parameter": [_class("give_up")],
    "bybit/error.10006-rate-limit": [lambda made, answer: answer.status == 200 and made.error["class"] == "retry"],
    "bybit/error.403-cloudfront": [Exempt("the other 403, by its words a rate limit, is an answer of our own making")],
    "bybit/instruments-info.inverse": [
        lambda made, answer: [
            (r["is_inverse"], r["settle"], r["contract_size"]) for r in made.rows
        ] == [(True, "BTC", 1.0)]
    ],
    "bybit/instruments-info.linear-documented": [_class_of("BTCUSDT", "crypto")],
    "bybit/instruments-info.pre-market-documented": [_is_inactive("BIOUSDT")],
    "bybit/instruments-info.spot-tokenised-stock": [_class_of("AAPLUSDT", "equity")],
    "bybit/instruments-info.stock": [_class_of("TSLAUSDT", "equity")],
    "bybit/kline.inverse-documented": [_volumes],
    "bybit/open-interest.inverse-documented": [_halved, Exempt("no cursor is sent: the window's end is moved")],
    "coinbase/candles.BTC-USDT-1h-2024-03": [
        lambda made, answer: all(row["low"] <= min(row["open"], row["close"]) for row in all_rows(made)),
        _last_is_refused,
    ],
    "coinbase/candles.ETH-BTC-1m-2020": [lambda made, answer: made.error is None and len(all_rows(made)) == 3],
    "coinbase/products.2021-04": [
        Exempt("nothing in this answer is halted; one of our own making has all three halts"),
        Exempt("what is pegged or wrapped is the seed `exclusions`: the models' to know, not the adapter's"),
    ],
    "coingecko/coins_bitcoin_market_chart.daily-2021-05": [
        lambda made, answer: [row["observed_at"].hour for row in made.rows][:-1] == [0] * 11
        and made.rows[-1]["observed_at"] == datetime(2021, 5, 15, 14, 39, 54)
    ],
    "coingecko/error.10012-time-range": [_class("narrow")],
    "coingecko/error.429-rate-limit": [Exempt("the same body with status 200 is an answer of our own making")],
    "coingecko/error.missing-parameter": [_class("give_up")],
    "fred/fredgraph.error-html": [lambda made, answer: made.rows == [] and made.error is not None],
    "fred/fredgraph.old-header": [lambda made, answer: {row["series"] for row in made.rows} == {"DGS10"}],
    "gate/futures_usdt_candlesticks.BTC_USDT-1m-2026-09": [_contracts(0.0001), _last_is_refused],
    "gate/futures_usdt_contract_stats.2023-01": [
        lambda made, answer: made.rows[0]["open_interest_base"] is None and "size" in made.notes[0]
    ],
    "gate/futures_usdt_contracts.2026-09": [
        _class_of("AAPL_USDT", "equity"),
        Exempt("every amount is read as a float; fractions of contracts are in an answer of our own making"),
    ],
    "gate/futures_usdt_funding_rate.BTC_USDT-2026-09": [PAGES],
    "gate/futures_usdt_funding_rate.error-180-days": [_depth("gate", "funding_rates", 170, 180)],
    "gate/futures_usdt_liq_orders.worked-down": [
        lambda made, answer: sum(row["quantity"] for row in made.rows) == pytest.approx(0.06)
    ],
    "hyperliquid/candleSnapshot.kPEPE-1h-2023-05": [
        lambda made, answer: min(row["open_time"] for row in made.rows)
        < datetime(1970, 1, 1) + timedelta(milliseconds=answer.query["req"]["startTime"]),
        lambda made, answer: all(row["open_time"].minute == 0 for row in made.rows),
    ],
    "hyperliquid/fundingHistory.BTC-2023-05": [_minutes_of_delay],
    "hyperliquid/meta.2023-07": [
        lambda made, answer: named(made, "kPEPE")["base"] == "kPEPE",
        lambda made, answer: {row["is_active"] for row in made.rows} == {True},
    ],
    "hyperliquid/metaAndAssetCtxs.SOL-testnet": [is_read],
    "hyperliquid/perpDexs.2025": [lambda made, answer: made.error is None and made.rows == []],
    "kraken/charts_error.invalid-resolution": [_class("give_up")],
    "kraken/charts_trade_PF_XBTUSD_1h.2026-09": [is_read, PAGES],
    "kraken/futures_error.bad-request": [_class("give_up")],
    "kraken/futures_instruments.2026-09": [
        _is_set_aside("FF_XBTUSD_261225"),
        Exempt("nothing in this answer is tradfi; an answer of our own making has what is"),
        lambda made, answer: all(row["venue_symbol"].isupper() for row in made.rows),
        lambda made, answer: named(made, "PF_XBTUSD")["base"] == "BTC",
    ],
    "kraken/futures_tickers.2025-11": [
        lambda made, answer: named(made, "PI_XBTUSD")["open_interest_base"]
        == pytest.approx(21279580.0 / 91506.6009839176)
    ],
    "kraken/historicalfundingrates.PF_XBTUSD-2025-09": [
        lambda made, answer: max(abs(row["funding_rate"]) for row in made.rows) < 1e-4,
        _depth("kraken", "funding_rates", 300, 366),
    ],
    "mof/jgbcme.2026-10": [lambda made, answer: len(made.rows) == 15 and made.error is None],
    "mof/jgbcme_all.2024-07": [
        lambda made, answer: all(
            r["value"] is None for r in made.rows if r["series"] == "JGB_40Y" and r["reference_date"].year < 2000
        ),
        lambda made, answer: {type(row["reference_date"]).__name__ for row in made.rows} == {"date"},
        lambda made, answer: min(
            r["reference_date"].year for r in made.rows if r["series"] == "JGB_10Y" and r["value"] is not None
        ) >= 1986,
    ],
    "okx/error.50011-rate-limit": [Exempt("the same code with status 200 is an answer of our own making")],
    "okx/error.51000-parameter": [_class("give_up")],
    "okx/funding-rate-history.DOGE-2023-12": [
        lambda made, answer: made.rows[0]["funding_rate"] == 0.0000746572360545
    ],
    "okx/instruments.SWAP-2026-09": [
        lambda made, answer: {row["quote"] for row in made.rows} == {"USDT", "USD"},
        lambda made, answer: named(made, "BTC-USDT-SWAP")["listed_at"] == datetime(2019, 11, 12, 11, 16, 48),
    ],
    "okx/instruments.SWAP-preopen-2026-09": [
        lambda made, answer: "JP225-USDT-SWAP" in {r["row"]["venue_symbol"] for r in made.refused},
        lambda made, answer: "JP225-USDT-SWAP" not in symbols(made),
    ],
    "okx/rubik_contracts_open-interest-history.BTC-2026-09": [
        lambda made, answer: made.rows[0]["open_interest_base"] == 28006.5419
    ],
    "yahoo/v8_chart.AAPL-2020": [lambda made, answer: len(made.rows) == 1],
    "yahoo/v8_chart.BTC-USD-2020": [lambda made, answer: len(made.rows) == 3],
    "yahoo/v8_chart.GC_F-2020": [lambda made, answer: str(made.rows[0]["close_date"]) == "2020-01-02"],
    "yahoo/v8_chart.WSU_DE-2023-08": [
        lambda made, answer: [row["close_date"].day for row in made.rows] == [4, 7, 8]
    ],
    "yahoo/v8_chart.error-not-found": [Exempt("the same body with status 200 is an answer of our own making")],
    "yahoo/v8_chart.error-unauthorized": [_class("give_up")],
}  # fmt: skip

# Services and endpoints that nobody asks yet: of a service, or of one endpoint's file names up to their case.
LATER = {
    "alternative_me": "the index of fear and greed: sentiment_daily",
    "binance/api_depth": "order books: depth_weekly",
    "binance/dapi_exchangeInfo": "coin-margined futures: no dataset holds them",
    "binance/futures_data_globalLongShortAccountRatio.BTCUSD-pair-2020": "coin-margined futures: asked by pair",
    "binance/futures_data_openInterestHist.BTCUSD-quarter-coinm-2020": "coin-margined futures: asked by pair",
    "bitget/open-interest": "open interest is taken of all contracts at once, from the tickers",
    "bitget/position-long-short": "positions are another quantity than accounts",
    "blockchain_info": "no dataset holds it",
    "boe": "no dataset holds it",
    "bybit/orderbook": "order books: depth_weekly",
    "cftc": "commitments of traders: cme_positioning_weekly",
    "coingecko/coins_categories_list": "categories are judged in the seed sectors",
    "coingecko/global": "the total is computed from supplies",
    "coinmetrics": "no dataset holds it",
    "defillama": "supplies of stablecoins: stablecoin_supply_weekly",
    "deribit": "options and dated futures: implied_volatility_daily, basis_daily",
    "ecb": "no dataset holds it",
    "farside": "no licence to keep it",
    "fred/alfredgraph": "vintages are our own: raw keeps what was learned when",
    "fred/api_series_observations": "the same figures come without a key",
    "kalshi": "prediction markets: rate_path_weekly",
    "kraken/spot_": "Kraken's spot market is not asked",
    "okx/books": "order books: depth_weekly",
    "okx/rubik_contracts_open-interest-volume": "of a whole currency, of no instrument",
    "ons": "no dataset holds it",
    "polymarket": "prediction markets: rate_path_weekly",
}


def is_later(name: str) -> bool:
    """True of an answer of a service, or of an endpoint, that comes later."""
    service = name.split("/")[0]
    return service in LATER or any(name.startswith(known) for known in LATER if "/" in known)


def hold(made: Made, answer: RecordedAnswer, must: Must) -> None:
    """Hold one demand; what is exempt has a reason instead."""
    if isinstance(must, Exempt):
        assert must.reason
        return
    assert must(made, answer) in (True, None), answer.name
