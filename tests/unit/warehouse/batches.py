"""Small batches of candles for the tests of landing, warehouse and publication."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from warehouse.builds.ledger import begin_build, finish_build
from warehouse.contracts import CANDLES, TIMESTAMP
from warehouse.landing import Judgement, RuleResult, Verdict
from warehouse.source import Source

START = datetime(2025, 11, 17, tzinfo=UTC)


def candles(closes: list[float], *, first_hour: int = 0, symbol: str = "BTCUSDT") -> pa.Table:
    hours = [START.replace(tzinfo=None) + timedelta(hours=first_hour + i) for i in range(len(closes))]
    n = len(closes)
    prices = {name: pa.array(closes, pa.float64()) for name in ("open", "high", "low", "close")}
    return pa.table(
        {
            "venue": ["binance"] * n,
            "market_type": ["perp"] * n,
            "venue_symbol": [symbol] * n,
            "open_time": pa.array(hours, TIMESTAMP),
            **prices,
            "base_volume": [1.0] * n,
            "quote_volume": [1.0] * n,
            "taker_buy_base_volume": [0.5] * n,
            "taker_buy_quote_volume": [0.5] * n,
        },
        schema=CANDLES.schema,
    )


def no_guard(dataset, frame):
    return Judgement()


def negative_closes_stop(dataset, frame):
    """A guard with one row rule: a close below 0 goes to quarantine."""
    bad = [int(i) for i in frame.index[frame["close"] < 0]]
    verdicts = [Verdict(i, "close_positive", "row", "a price is above 0") for i in bad]
    return Judgement(
        verdicts, [RuleResult("close_positive", "row", "a price is above 0", len(frame), len(bad), not bad)]
    )


def critical_guard(dataset, frame):
    return Judgement([], [RuleResult("clock", "critical", "no row is from the future", len(frame), 1, False)])


def build(connection, *, is_passed, now=START, as_of=START, fingerprint=""):
    """A build of the models as the ledger sees it: begun and ended; returns the moment from which it would rewrite."""
    source = Source("simulated", "http://127.0.0.1:1", START, now)
    rebuild_from = begin_build(connection, source, as_of=as_of, fingerprint=fingerprint)
    finish_build(connection, is_passed=is_passed)
    return rebuild_from
