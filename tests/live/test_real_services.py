"""Two days of a few instruments from the real services. Only `make test-live` runs this; it opens no gate.

Nobody who wrote it had a network: whatever fails here first is news, not a regression.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from expectations.runner import judge_at
from ingestion.ingest import ingest
from ingestion.universe import Universe
from warehouse.database import connect
from warehouse.loading import load_landed
from warehouse.source import Source

pytestmark = pytest.mark.live

BASES = {
    "binance": {"perp": {"BTC", "ETH"}, "spot": {"BTC", "ETH"}},
    "bybit": {"perp": {"BTC", "ETH"}, "spot": {"BTC", "ETH"}},
    "hyperliquid": {"perp": {"BTC", "ETH"}},
    "coinbase": {"spot": {"BTC", "ETH"}},
    "okx": {"perp": {"BTC", "ETH"}},
    "bitget": {"perp": {"BTC", "ETH"}},
    "gate": {"perp": {"BTC", "ETH"}},
    "kraken": {"perp": {"XBT", "ETH"}},
}


def of_venue(name: str) -> Universe:
    whole = Universe.read()
    bases = {market: frozenset(names) for market, names in BASES[name].items()}
    return replace(whole, venues={name: replace(whole.venues[name], bases=bases)}, references={})


def asked(home, universe: Universe, *datasets: str):
    source = Source.live(datetime.now(UTC) - timedelta(days=2))
    for dataset in datasets:
        result = ingest(dataset, home=home, source=source, judge=judge_at(source.now), universe=universe)
        assert result.failed == []
        with connect(home) as connection:
            load_landed(connection, home)


def rows(home, sql: str):
    with connect(home) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("venue", BASES)
def test_two_days_of_candles_are_complete(home, venue):
    asked(home, of_venue(venue), "instruments", "candles")
    found = rows(home, "select venue_symbol, market_type, count(*) from raw.candles group by all")
    assert found
    assert all(47 <= n <= 49 for *_, n in found), found


@pytest.mark.parametrize("venue", [venue for venue in BASES if venue != "coinbase"])
def test_funding_and_open_interest_arrive(home, venue):
    asked(home, of_venue(venue), "instruments", "funding_rates", "open_interest")
    assert rows(home, "select count(*) from raw.funding_rates")[0][0] >= 8
    assert rows(home, "select count(*) from raw.open_interest")[0][0] >= 2
    assert rows(home, "select count(*) from raw.quarantine")[0][0] == 0


@pytest.mark.parametrize("dataset", ["macro_series", "asset_class_prices"])
def test_offices_answer(home, dataset):
    asked(home, replace(Universe.read(), venues={}), dataset)
    assert rows(home, f"select count(distinct series) from raw.{dataset}")[0][0] >= 5


def test_the_list_of_coins_answers(home):
    whole = Universe.read()
    few = replace(whole.references["coingecko"], settings={**whole.references["coingecko"].settings, "coins": 3})
    asked(home, replace(whole, venues={}, references={"coingecko": few}), "market_caps")
    assert rows(home, "select count(*) from raw.market_caps where circulating_supply > 0")[0][0] >= 3


def test_open_interest_that_the_api_keeps_no_longer_comes_from_files(home):
    whole = of_venue("binance")
    perps = replace(whole.venues["binance"], market_types=("perp",), bases={"perp": frozenset({"BTC"})})
    universe = replace(whole, venues={"binance": perps})
    source = Source.live(datetime.now(UTC) - timedelta(days=45))
    for dataset in ("instruments", "open_interest"):
        judge = judge_at(source.now)
        result = ingest(dataset, home=home, source=source, judge=judge, universe=universe, deepest=source.starts_at)
        assert result.failed == []
        with connect(home) as connection:
            load_landed(connection, home)
    found = rows(home, "select count(*), min(observed_at) from raw.open_interest where venue_symbol = 'BTCUSDT'")
    n, first = found[0]
    assert 45 * 6 - 12 <= n <= 45 * 6 + 1 and first < datetime.now(UTC).replace(tzinfo=None) - timedelta(days=40)
