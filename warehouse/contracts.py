"""The one declaration per dataset: columns, types, units, key, time column, cadence.

Everything that needs a schema (landing files, raw tables, guards, staging models, documentation) reads it from here.

Times are UTC and stored without a zone (`timestamp[us]`), so that no session's time zone can shift them.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

import pyarrow as pa

TIMESTAMP = pa.timestamp("us")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Column:
    """One column of a dataset: its Arrow type, its unit ('' for names and flags) and what it means."""

    name: str
    type: pa.DataType
    unit: str
    description: str
    nullable: bool = False


@dataclass(frozen=True)
class Dataset:
    """One dataset: one row per `key`, which happened at `time_column`.

    `origin_column` names who said it (a venue, or a provider of reference data).
    `cadence` is the expected distance between two rows of one series; None where the data itself decides
    (a funding interval is data), where rows are a list and not a series, or events of their own, none of which is due.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time_column: str | None
    origin_column: str
    series_column: str
    cadence: timedelta | None = None

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of a landed file, in column order."""
        return pa.schema([pa.field(c.name, c.type, nullable=True) for c in self.columns])

    @property
    def value_columns(self) -> tuple[str, ...]:
        """The columns that a revision can change: all that are not in the key."""
        return tuple(c.name for c in self.columns if c.name not in self.key)

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError if the dataset has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"dataset {self.name} has no column {name!r}")


def _text(name: str, description: str, nullable: bool = False) -> Column:
    return Column(name, pa.string(), "", description, nullable)


def _number(name: str, unit: str, description: str, nullable: bool = False) -> Column:
    return Column(name, pa.float64(), unit, description, nullable)


def _flag(name: str, description: str) -> Column:
    return Column(name, pa.bool_(), "", description)


def _time(name: str, description: str, nullable: bool = False) -> Column:
    return Column(name, TIMESTAMP, "UTC", description, nullable)


def _date(name: str, description: str) -> Column:
    return Column(name, pa.date32(), "UTC", description)


_VENUE = _text("venue", "The exchange, whatever ccxt class serves it: binance, bybit, hyperliquid, coinbase, …")
_MARKET_TYPE = _text("market_type", "spot or perp.")
_VENUE_SYMBOL = _text("venue_symbol", "The instrument as the venue writes it: BTCUSDT, PF_XBTUSD, kPEPE.")
_PROVIDER = _text("provider", "Who publishes the row: coingecko, coinmarketcap, fred, mof, yahoo, …")

AssetClass = Literal["crypto", "equity", "commodity", "fx", "index"]
ASSET_CLASSES: tuple[AssetClass, ...] = get_args(AssetClass)

INSTRUMENTS = Dataset(
    name="instruments",
    description="What a venue lists: one row per instrument, a new version whenever its listing changes.",
    columns=(
        _VENUE,
        _MARKET_TYPE,
        _VENUE_SYMBOL,
        _text("base", "The base as the venue writes it, multiplier prefix included: 1000PEPE, kPEPE, XBT."),
        _text("quote", "The quote currency: USDT, USDC, USD."),
        _text("settle", "The currency a derivative settles in; NULL for spot.", nullable=True),
        _number(
            "contract_size",
            "base units",
            "Base units (linear) or dollars (inverse) in one contract; 1 for spot; NULL where the venue does not say.",
            nullable=True,
        ),
        _flag("is_inverse", "True where the contract is worth fixed dollars and settles in the coin."),
        _flag("is_active", "False once the venue lists it as not trading."),
        _time("listed_at", "When the venue says that trading began; NULL where it does not say.", nullable=True),
        _text(
            "asset_class",
            "What the venue says it is on: crypto, equity, commodity, fx or index; crypto where it does not say. Never "
            "read from the symbol. NULL in lists that landed before the column was.",
            nullable=True,
        ),
        Column(
            "is_premarket",
            pa.bool_(),
            "",
            "True while it trades on a coin that does not; NULL in lists that landed before the column was.",
            nullable=True,
        ),
    ),
    key=("venue", "market_type", "venue_symbol"),
    time_column=None,
    origin_column="venue",
    series_column="venue_symbol",
)

CANDLES = Dataset(
    name="candles",
    description="Hourly candles. The one that opens at 11:00 gives the price at 12:00; the unfinished one is dropped.",
    columns=(
        _VENUE,
        _MARKET_TYPE,
        _VENUE_SYMBOL,
        _time("open_time", "Start of the hour."),
        _number("open", "quote currency", "First price of the hour."),
        _number("high", "quote currency", "Highest price of the hour."),
        _number("low", "quote currency", "Lowest price of the hour."),
        _number("close", "quote currency", "Last price of the hour."),
        _number("base_volume", "base units", "Traded volume in base units of the instrument."),
        _number(
            "quote_volume",
            "quote currency",
            "Traded volume in quote currency; base_volume × close where the venue gives none.",
        ),
        _number(
            "taker_buy_base_volume",
            "base units",
            "The part of base_volume in which the buyer took the offer; NULL where the venue does not say.",
            nullable=True,
        ),
        _number(
            "taker_buy_quote_volume",
            "quote currency",
            "The part of quote_volume in which the buyer took the offer; NULL where the venue does not say.",
            nullable=True,
        ),
    ),
    key=("venue", "market_type", "venue_symbol", "open_time"),
    time_column="open_time",
    origin_column="venue",
    series_column="venue_symbol",
    cadence=HOUR,
)

FUNDING_RATES = Dataset(
    name="funding_rates",
    description="Settled funding rates of perpetuals. The interval is not a column: it is seen in the data.",
    columns=(
        _VENUE,
        _VENUE_SYMBOL,
        _time("settled_at", "When the rate was settled, as the venue stamps it (milliseconds of jitter are normal)."),
        _number(
            "funding_rate", "fraction per settlement", "Paid by longs to shorts at this settlement; not annualised."
        ),
    ),
    key=("venue", "venue_symbol", "settled_at"),
    time_column="settled_at",
    origin_column="venue",
    series_column="venue_symbol",
)

OPEN_INTEREST = Dataset(
    name="open_interest",
    description="Open interest of perpetuals, as observed by the venue, one-sided: the contracts that exist.",
    columns=(
        _VENUE,
        _VENUE_SYMBOL,
        _time("observed_at", "The moment the figure describes."),
        _number(
            "open_interest_base",
            "base units",
            "Open interest in base units of the instrument, one-sided: longs = shorts, counted once. Bybit's"
            " openInterest counts both sides, its singleOpenInterest one (bybit-exchange/docs#807,"
            " DefiLlama/dimension-adapters#9365): "
            "its adapter halves. The documents of Binance (sumOpenInterest), OKX (oiCcy), Gate (open_interest), "
            "Bitget (holdingAmount), Hyperliquid and Kraken (openInterest) speak of open contracts and name no second "
            "side: they are taken as they come.",
            nullable=True,
        ),
        _number(
            "open_interest_usd", "USD", "Open interest in US dollars, one-sided as open_interest_base.", nullable=True
        ),
    ),
    key=("venue", "venue_symbol", "observed_at"),
    time_column="observed_at",
    origin_column="venue",
    series_column="venue_symbol",
)

LONG_SHORT_RATIOS = Dataset(
    name="long_short_ratios",
    description="Accounts that hold a perpetual long over those that hold it short, as the venue counts its customers.",
    columns=(
        _VENUE,
        _VENUE_SYMBOL,
        _time("observed_at", "The moment the figure describes."),
        _number(
            "long_short_account_ratio",
            "ratio",
            "Accounts net long over accounts net short; a large account counts as much as a small one.",
        ),
    ),
    key=("venue", "venue_symbol", "observed_at"),
    time_column="observed_at",
    origin_column="venue",
    series_column="venue_symbol",
)

LIQUIDATIONS = Dataset(
    name="liquidations",
    description="Positions in perpetuals that a venue closed by force, as far as it publishes them.",
    columns=(
        _VENUE,
        _VENUE_SYMBOL,
        _time("liquidated_at", "When the position was closed; some venues give whole seconds."),
        _text("side", "The side of the position that was closed: long or short."),
        _number("price", "quote currency", "What the position was closed at."),
        Column("occurrence", pa.int64(), "", "1, 2, … among orders of one instrument, moment, side and price."),
        _number(
            "quantity",
            "base units",
            "Closed, in base units of the instrument; NULL where a contract's size is not known.",
            nullable=True,
        ),
    ),
    key=("venue", "venue_symbol", "liquidated_at", "side", "price", "occurrence"),
    time_column="liquidated_at",
    origin_column="venue",
    series_column="venue_symbol",
)

ORDER_BOOK_DEPTH = Dataset(
    name="order_book_depth",
    description="What rests in order books near the mid price: of each snapshot a row per side and band.",
    columns=(
        _VENUE,
        _MARKET_TYPE,
        _VENUE_SYMBOL,
        _time("snapshot_at", "When the book stood so; a snapshot is kept for each full hour, the first after it."),
        _text("side", "bid or ask."),
        _number(
            "band_pct", "percent", "How far from the mid price is counted, in percent of it; bands hold each other."
        ),
        _number(
            "base_amount",
            "base units",
            "What rests on this side within the band; NULL where the book was given less deep than the band.",
            nullable=True,
        ),
        _number("quote_amount", "quote currency", "The same, each order at its own price.", nullable=True),
        _number(
            "best_price",
            "quote currency",
            "The best price on this side; NULL where the source does not say (Binance's files).",
            nullable=True,
        ),
    ),
    key=("venue", "market_type", "venue_symbol", "snapshot_at", "side", "band_pct"),
    time_column="snapshot_at",
    origin_column="venue",
    series_column="venue_symbol",
)

MARKET_CAPS = Dataset(
    name="market_caps",
    description="Supplies, prices and market caps of coins, as a data provider lists them.",
    columns=(
        _PROVIDER,
        _text("provider_asset_id", "The provider's own id of the coin: CoinGecko's id, CoinMarketCap's slug."),
        _time("observed_at", "The moment (or the day, at 00:00) that the row describes."),
        _text("symbol", "Ticker; not unique."),
        _text("name", "The coin's name."),
        Column("rank", pa.int64(), "", "The provider's rank by market cap; NULL in per-coin histories.", nullable=True),
        _number("price_usd", "USD", "The provider's price.", nullable=True),
        _number("circulating_supply", "coins", "Circulating supply; 0 or NULL is unknown.", nullable=True),
        _number("market_cap_usd", "USD", "The provider's market cap.", nullable=True),
        _number("volume_24h_usd", "USD", "The provider's 24-hour volume.", nullable=True),
    ),
    key=("provider", "provider_asset_id", "observed_at"),
    time_column="observed_at",
    origin_column="provider",
    series_column="provider_asset_id",
)

ASSET_CLASS_PRICES = Dataset(
    name="asset_class_prices",
    description="Daily closes of what crypto is compared with: equity indices, gold, oil, bonds, the dollar.",
    columns=(
        _PROVIDER,
        _text("series", "The provider's name of the series: SPY, GC=F, SP500."),
        _date("close_date", "The trading day in the market's own calendar."),
        _number("close", "series unit", "The day's close."),
    ),
    key=("provider", "series", "close_date"),
    time_column="close_date",
    origin_column="provider",
    series_column="series",
    cadence=DAY,
)

MACRO_SERIES = Dataset(
    name="macro_series",
    description="Macro-economic series: one row per reference date, NULL where the office published no value.",
    columns=(
        _PROVIDER,
        _text("series", "The office's name of the series: PAYEMS, DGS10, JGB_10Y."),
        _date("reference_date", "The day or the first day of the month or quarter that the value describes."),
        _number("value", "series unit", "The value; NULL where the office marks it as missing.", nullable=True),
        _time("released_at", "When the office released this value; NULL where the source does not say.", nullable=True),
    ),
    key=("provider", "series", "reference_date"),
    time_column="reference_date",
    origin_column="provider",
    series_column="series",
)

DATASETS: dict[str, Dataset] = {
    d.name: d
    for d in (
        INSTRUMENTS,
        CANDLES,
        FUNDING_RATES,
        OPEN_INTEREST,
        LONG_SHORT_RATIOS,
        LIQUIDATIONS,
        ORDER_BOOK_DEPTH,
        MARKET_CAPS,
        ASSET_CLASS_PRICES,
        MACRO_SERIES,
    )
}
