"""Binance Vision: Binance's own files of what its API keeps no longer, or gives a page at a time.

https://github.com/binance/binance-public-data says what they are. Files of spot count in microseconds from 2025 on,
those of USD-M in milliseconds; either may have a line of names or none. Files are replaced without notice.

Not taken: trades and aggTrades (an hour is the grain of candles), liquidations (withdrawn in 2024).
"""

from datetime import timedelta

from ingestion.archives.archive import Archive, FileKind

_KLINE = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count", "taker_buy_volume",
    "taker_buy_quote_volume", "ignore",
)  # fmt: skip
_CANDLE = {
    "open": "open", "high": "high", "low": "low", "close": "close", "base_volume": "volume",
    "quote_volume": "quote_volume", "taker_buy_base_volume": "taker_buy_volume",
    "taker_buy_quote_volume": "taker_buy_quote_volume",
}  # fmt: skip
_METRICS = (
    "create_time", "symbol", "sum_open_interest", "sum_open_interest_value", "count_toptrader_long_short_ratio",
    "sum_toptrader_long_short_ratio", "count_long_short_ratio", "sum_taker_long_short_vol_ratio",
)  # fmt: skip
# Daily files come the next day, monthly ones in the first days of the next month.
_DAILY, _MONTHLY = timedelta(days=2), timedelta(days=6)


def _klines(market_type: str, folder: str) -> FileKind:
    return FileKind(
        "klines",
        "spot" if market_type == "spot" else "perp",
        f"data/{folder}/{{length}}/klines/{{symbol}}/1h",
        "{symbol}-1h",
        _KLINE,
        "open_time",
        {"candles": _CANDLE},
        {"month": _MONTHLY, "day": _DAILY},
        {"month": 36_000, "day": 1_600},
        rows_a_day=24,
    )


ARCHIVE = Archive(
    "binance_vision",
    "binance",
    "https://data.binance.vision",
    "https://s3-ap-northeast-1.amazonaws.com/data.binance.vision",
    (
        _klines("perp", "futures/um"),
        _klines("spot", "spot"),
        FileKind(
            "fundingRate",
            "perp",
            "data/futures/um/{length}/fundingRate/{symbol}",
            "{symbol}-fundingRate",
            ("calc_time", "funding_interval_hours", "last_funding_rate"),
            "calc_time",
            {"funding_rates": {"funding_rate": "last_funding_rate"}},
            {"month": _MONTHLY},
            {"month": 1_100},
            rows_a_day=3,
        ),
        # A row each five minutes; kept are those at which the API's four-hourly history has one too.
        FileKind(
            "metrics",
            "perp",
            "data/futures/um/{length}/metrics/{symbol}",
            "{symbol}-metrics",
            _METRICS,
            "create_time",
            {
                "open_interest": {
                    "open_interest_base": "sum_open_interest",
                    "open_interest_usd": "sum_open_interest_value",
                },
                "long_short_ratios": {"long_short_account_ratio": "count_long_short_ratio"},
            },
            {"day": _DAILY},
            {"day": 11_000},
            rows_a_day=288,
            time_kind="text",
            symbol="symbol",
            every=timedelta(hours=4),
        ),
        # A snapshot each half minute or so, a row per side and band; kept is the first of each hour. Nobody else has
        # it: the API gives a book as it is now. A day's file is there on the next day.
        FileKind(
            "bookDepth",
            "perp",
            "data/futures/um/{length}/bookDepth/{symbol}",
            "{symbol}-bookDepth",
            ("timestamp", "percentage", "depth", "notional"),
            "timestamp",
            {"order_book_depth": {"base_amount": "depth", "quote_amount": "notional"}},
            {"day": timedelta(days=1)},
            {"day": 450_000},
            rows_a_day=240,
            time_kind="text",
            every=timedelta(hours=1),
            late_by=timedelta(minutes=30),
            band="percentage",
        ),
    ),
)
