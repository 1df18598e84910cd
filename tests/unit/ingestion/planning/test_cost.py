"""What a history costs is counted from what is declared; files are taken where they are sooner had."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.archives import ARCHIVES
from ingestion.planning.cost import Cost, of_api, of_files
from ingestion.venues import VENUES
from ingestion.venues.venue import History

VISION = ARCHIVES["binance_vision"]
BINANCE = VENUES["binance"]
END = datetime(2025, 1, 1, tzinfo=UTC)
THREE_YEARS = (datetime(2022, 1, 1, tzinfo=UTC), END)  # 1,096 days, 36 months


def test_metrics_of_three_years_are_a_file_and_a_checksum_a_day_and_pages_of_their_list():
    cost = of_files(VISION.kind("perp", "open_interest"), THREE_YEARS, calls_per_minute=1200)
    assert (cost.files, cost.requests) == (1096, 2 * 1096 + 3)
    whole = cost.times(600)
    assert whole.files == 657_600 and whole.minutes == pytest.approx(600 * 2195 / 1200)
    assert whole.bytes == 657_600 * 11_000


def test_candles_are_months_and_then_days():
    span = (datetime(2022, 1, 1, tzinfo=UTC), datetime(2024, 12, 11, tzinfo=UTC))
    cost = of_files(VISION.kind("perp", "candles"), span, calls_per_minute=1200)
    assert (cost.files, cost.requests) == (35 + 10, 2 * 45 + 2)
    assert cost.bytes == 35 * 36_000 + 10 * 1_600


def test_an_api_is_asked_by_the_page():
    candles = BINANCE.market("perp").datasets["candles"]
    assert isinstance(candles, History)
    cost = of_api(BINANCE, candles, THREE_YEARS)
    assert cost.requests == 18 and cost.minutes == pytest.approx(18 / 120)  # 26,304 hours, 1,500 a page
    assert of_api(BINANCE, candles, (END - timedelta(days=7), END)).requests == 1


def test_the_sooner_is_the_cheaper_and_of_two_as_soon_the_one_with_fewer_requests():
    assert Cost(100, 10, 0, 1.0).is_below(Cost(1, 0, 0, 2.0))
    assert Cost(1, 0, 0, 1.0).is_below(Cost(2, 0, 0, 1.0)) and not Cost(2, 0, 0, 1.0).is_below(Cost(1, 0, 0, 1.0))
    week = (END - timedelta(days=10), END - timedelta(days=3))
    for market_type in ("perp", "spot"):
        endpoint = BINANCE.market(market_type).datasets["candles"]
        assert not of_files(VISION.kind(market_type, "candles"), week, 1200).is_below(of_api(BINANCE, endpoint, week))
    candles = BINANCE.market("perp").datasets["candles"]
    files = of_files(VISION.kind("perp", "candles"), THREE_YEARS, 1200)
    assert files.is_below(of_api(BINANCE, candles, THREE_YEARS))


def test_every_history_says_what_a_page_of_it_holds_or_is_one_answer():
    for venue in VENUES.values():
        for market in venue.markets:
            for dataset, endpoint in market.datasets.items():
                if isinstance(endpoint, History) and endpoint.page_rows is None:
                    assert endpoint.paging.order == "whole", (venue.name, dataset)
