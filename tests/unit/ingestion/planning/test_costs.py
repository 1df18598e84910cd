"""What questions cost, worked by hand from what services document (test_ingest holds it against what is asked)."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.archives import ARCHIVES
from ingestion.http.fetch import Cost, Task, Throttle, not_kept
from ingestion.planning import costs
from ingestion.planning.archives import is_sooner
from ingestion.venues import VENUES
from ingestion.venues.venue import Feed, History, Snapshot

NOW = datetime(2025, 11, 24, tzinfo=UTC)


def cost(venue: str, dataset: str, days: int, market_type: str = "perp") -> Cost:
    market = VENUES[venue].market(market_type)
    endpoint = market.datasets[dataset]
    if isinstance(endpoint, Snapshot):
        return costs.of_snapshot(market, endpoint, 100)
    if isinstance(endpoint, Feed):
        return costs.of_feed(market, endpoint, NOW - timedelta(days=days), NOW)
    assert isinstance(endpoint, History)
    return costs.of_history(market, endpoint, NOW - timedelta(days=days), NOW, NOW)


@pytest.mark.parametrize(
    ("venue", "dataset", "days", "requests", "seconds", "limit"),
    [
        # 2,184 candles, 498 new ones a page: 5 pages of weight 2, ccxt spends 20 a second.
        ("binance", "candles", 91, 5, 0.5, "binanceusdm"),
        # 546 settlements every four hours, 500 a page, and the proof that none follows: 100 a minute.
        ("binance", "funding_rates", 91, 3, 1.8, "funding"),
        # 180 observations fit a page; 200 a minute.
        ("binance", "open_interest", 30, 1, 0.3, "statistics"),
        # 901 candles of one page weigh 20 + 901 / 60, of 1,200 a minute.
        ("hyperliquid", "candles", 37.5, 1, (20 + 901 / 60) / 20, "weight"),
        # 241 settlements weigh 20 + 241 / 20, and the proof 20 + 1 / 20.
        ("hyperliquid", "funding_rates", 10, 2, (40 + 242 / 20) / 20, "weight"),
        ("hyperliquid", "open_interest", 0, 1, 1.0, "weight"),
        # 720 candles, 299 a page; 10 a second.
        ("okx", "candles", 30, 3, 0.33, "okx"),
        # Counted pages of 100, from now back: 273 settlements.
        ("bitget", "funding_rates", 91, 3, 0.15, "bitget"),
        # One answer has it all, at 100 a minute.
        ("kraken", "funding_rates", 365, 1, 0.6, "krakenfutures"),
        # An hour at once, and its halves.
        ("gate", "liquidations", 1, 72, 3.6, "gate"),
    ],
)
def test_by_hand(venue, dataset, days, requests, seconds, limit):
    found = cost(venue, dataset, days)
    assert (found.requests, found.limit) == (requests, limit)
    assert found.seconds == pytest.approx(seconds)


def task(origin: str, seconds: float, limit: str, turn: int = 0) -> Task:
    return Task(
        Throttle(origin), origin, None, "x", NOW, NOW, lambda: not_kept(""), Cost(2, seconds, 5, limit=limit), turn
    )


def test_budgets_are_spent_at_the_same_time_and_in_turn():
    tasks = [task("a", 30, "one", 2), task("a", 45, "one", 1), task("a", 60, "two"), task("b", 6, "one")]
    of_a, of_b = costs.by_origin(tasks)
    assert (of_a.origin, of_a.questions, of_a.requests, of_a.minutes, of_a.rows) == ("a", 3, 6, 1.25, 15)
    assert (of_b.origin, of_b.minutes) == ("b", 0.1)
    # The later turn of budget one begins only where the earlier one leaves time.
    assert [t.cost.seconds for t in costs.within(tasks, 45)] == [60, 6, 45]
    assert [t.cost.seconds for t in costs.within(tasks, 46)] == [60, 6, 45, 30]


VISION = ARCHIVES["binance_vision"]
THREE_YEARS = (datetime(2022, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))  # 1,096 days, 36 months


def test_metrics_of_three_years_are_a_file_and_a_checksum_a_day_and_pages_of_their_list():
    found = costs.of_files(VISION.kind("perp", "open_interest"), *THREE_YEARS, 1200)
    assert (found.files, found.requests, found.rows) == (1096, 2 * 1096 + 3, 1096 * 288)
    assert found.seconds == pytest.approx(60 * 2195 / 1200) and found.megabytes == pytest.approx(1096 * 0.011)
    assert found.files * 600 == 657_600


def test_candles_are_months_and_then_days():
    end = datetime(2024, 12, 11, tzinfo=UTC)
    found = costs.of_files(VISION.kind("perp", "candles"), THREE_YEARS[0], end, 1200)
    assert (found.files, found.requests) == (35 + 10, 2 * 45 + 2)
    assert found.megabytes == pytest.approx(35 * 0.036 + 10 * 0.0016)


def test_files_are_taken_where_they_are_sooner_had_and_of_two_as_soon_the_one_with_fewer_requests():
    assert is_sooner(Cost(100, 1.0), Cost(1, 2.0)) and not is_sooner(Cost(1, 2.0), Cost(100, 1.0))
    assert is_sooner(Cost(1, 1.0), Cost(2, 1.0)) and not is_sooner(Cost(2, 1.0), Cost(1, 1.0))
