"""A market read from a directory of recorded tables."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from simulator.archives.market_archive import ArchiveFile, archive_files
from simulator.dialects.shelves import CANDLE_COLUMNS, is_complete
from simulator.market import COLUMNS, TEXTS, Clock, Market

REQUIRED = ("candles_1h", "market_caps")
# A table, the files it is read from (the first wins where two have the same key), its key, and its times.
FILES = {
    "candles_1h": ("candles_1h", "candles_1h_deep"),
    "funding_rates": ("funding_rates", "funding_rates_deep"),
    "open_interest": ("open_interest",),
    "market_caps": ("market_caps",),
    "asset_class_prices": ("asset_class_prices",),
    "macro_series": ("macro_series",),
}
KEYS = {
    "candles_1h": ("venue", "market_type", "venue_symbol", "open_time"),
    "funding_rates": ("venue", "venue_symbol", "settled_at"),
    "open_interest": ("venue", "venue_symbol", "observed_at"),
    "market_caps": ("provider", "observed_at", "rank"),
    "asset_class_prices": ("series", "close_date"),
    "macro_series": ("provider", "series", "reference_date"),
}
TIMES = ("open_time", "settled_at", "observed_at", "close_date", "reference_date")
MARKET_TIMES = ("open_time", "settled_at", "observed_at")
# Nothing of this market is older than its first block, and no statistic older than its office.
FIRST_BLOCK, FIRST_STATISTIC = datetime(2009, 1, 3), datetime(1776, 1, 1)
# The markets that a dialect speaks for; in open interest, with the columns that it can say.
SPOKEN = {
    ("binance", "perp"), ("binance", "spot"), ("bybit", "perp"), ("bybit", "spot"), ("hyperliquid", "perp"),
    ("coinbase", "spot"),
}  # fmt: skip
SPOKEN_OPEN_INTEREST = ("binance",)
SPOKEN_MACRO = ("fred", "mof")
QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", "EUR", "TRY", "BTC", "ETH", "BNB")
# A symbol whose rows end this long before its venue's do has left the venue.
SILENT = timedelta(days=7)
HOUR = timedelta(hours=1)


class ReplayError(Exception):
    """A directory that cannot be replayed; the message says which table or column, and what to do."""


@dataclass(frozen=True)
class Replay:
    """A recorded market, what of it comes by the archive, and remarks on what is not there."""

    market: Market
    archive: tuple[ArchiveFile, ...]
    notes: tuple[str, ...]


def load(directory: Path) -> Replay:
    """Read `directory`; ReplayError if it has not what a replay needs."""
    if not directory.is_dir():
        raise ReplayError(f"there is no directory {directory}: name one that holds {REQUIRED[0]}.parquet and the rest")
    notes = []
    tables, main = {}, {}
    for name in FILES:
        parts = {file: _read(directory / f"{file}.parquet", name) for file in FILES[name] if _exists(directory, file)}
        if name in REQUIRED and not _exists(directory, name):
            raise ReplayError(f"table {name} is missing: put {name}.parquet into {directory}")
        if not parts:
            notes.append(f"table {name} is missing: what rests on it cannot be known")
        tables[name] = _merged(name, parts)
        if _exists(directory, name):
            main[name] = parts[name]
    for name in REQUIRED:
        if not main[name].num_rows:
            raise ReplayError(f"table {name} has no rows: put the rows of one week at least into {name}.parquet")
    clock = _clock(directory, tables, main)
    now = pd.Timestamp(clock.now.replace(tzinfo=None))
    frames = {name: _frame(table, name, now) for name, table in tables.items()}
    dialect, archived = _split(frames)
    archive = tuple(file for name, frame in archived.items() for file in archive_files(name, frame))
    notes += [f"{file.dataset} of {file.origin}: {file.rows} rows come by the archive" for file in archive]
    market = Market(
        clock,
        _instruments(dialect, frames["open_interest"]),
        dialect["candles_1h"],
        dialect["funding_rates"],
        dialect["open_interest"],
        dialect["market_caps"],
        dialect["asset_class_prices"],
        dialect["macro_series"],
    )
    return Replay(market, archive, tuple(notes))


def _exists(directory: Path, file: str) -> bool:
    return (directory / f"{file}.parquet").exists()


def _read(path: Path, name: str) -> pa.Table:
    """One file as a table with exactly the columns and types that it should have."""
    table_name = path.stem
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0][:120]
        message = f"table {table_name} is no Parquet file that can be read ({reason}): replace {path}"
        raise ReplayError(message) from None
    missing = [column for column in COLUMNS[name] if column not in table.column_names]
    if missing:
        what = "column" if len(missing) == 1 else "columns"
        raise ReplayError(f"table {table_name} lacks the {what} {', '.join(missing)}: add to {path}")
    columns = [_typed(table[column], table_name, column, path) for column in COLUMNS[name]]
    return pa.table(columns, names=list(COLUMNS[name]))


def _typed(column: pa.ChunkedArray, table: str, name: str, path: Path) -> pa.ChunkedArray:
    if name in TIMES:
        kind, wanted = "times", pa.timestamp("us")
    elif name in TEXTS:
        kind, wanted = "text", pa.string()
    else:
        kind, wanted = "numbers", pa.float64()
    if column.null_count == len(column):  # a column without a value says nothing of its type: pandas writes null
        return pa.chunked_array([pa.nulls(len(column), wanted)])
    try:
        if name in TIMES:
            column = _utc(column)
        elif name not in TEXTS and not _is_number(column.type):
            raise pa.ArrowInvalid("not a number")
        column = column.cast(wanted, safe=name not in TIMES)
    except pa.ArrowException:
        message = f"table {table}, column {name} holds {column.type} where {kind} are needed: correct it in {path}"
        raise ReplayError(message) from None
    if name in TIMES:
        _check_times(column, table, name, path)
    return column


def _check_times(column: pa.ChunkedArray, table: str, name: str, path: Path) -> None:
    """The clock rests on these: a single row of the year 9999 would close every week until then."""
    earliest = FIRST_BLOCK if name in MARKET_TIMES else FIRST_STATISTIC
    latest = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
    for bound, is_beyond in ((earliest, pc.less), (latest, pc.greater)):
        beyond = column.filter(is_beyond(column, pa.scalar(bound, pa.timestamp("us"))))
        if len(beyond):
            raise ReplayError(
                f"table {table}, column {name} has {len(beyond)} rows {'before' if bound == earliest else 'after'} "
                f"{bound:%Y-%m-%d}, which cannot be: correct them in {path}"
            )


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)


def _utc(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times without a zone, in UTC; a column without a zone is in UTC already."""
    if not pa.types.is_timestamp(column.type) and not pa.types.is_date(column.type):
        raise pa.ArrowInvalid("not a time")
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        # Within Arrow a zoned time is its UTC moment: dropping the zone leaves that.
        return column.cast(pa.timestamp(column.type.unit, "UTC")).cast(pa.timestamp(column.type.unit))
    return column


def _merged(name: str, parts: dict[str, pa.Table]) -> pa.Table:
    """The rows of a table's files, sorted by its key, each key once."""
    kinds = {**{c: pa.timestamp("us") for c in TIMES}, **{c: pa.string() for c in TEXTS}}
    schema = pa.schema([(column, kinds.get(column, pa.float64())) for column in COLUMNS[name]])
    merged = schema.empty_table()
    for file, part in parts.items():
        key = list(KEYS[name])
        for column in key:
            if part[column].null_count and column != "rank":
                raise ReplayError(f"table {file}, column {column} has empty cells in the key: correct {file}.parquet")
        if part.group_by(key, use_threads=True).aggregate([]).num_rows != part.num_rows:
            raise ReplayError(f"table {file} has two rows with the same {', '.join(key)}: keep one of them")
        if merged.num_rows:
            # What both files have is the same data: the first file's row stays.
            part = part.join(merged.select(key), keys=key, join_type="left anti").select(merged.column_names)
        merged = pa.concat_tables([merged, part])
    return merged.sort_by([(column, "ascending") for column in KEYS[name]])


def _clock(directory: Path, tables: dict[str, pa.Table], main: dict[str, pa.Table]) -> Clock:
    """The clock stands where the last candle, settlement or observation of the broad tables ends.

    The deep tables go further back, and may go on for a few instruments after the rest has ended: they set the start,
    and not the end.
    """
    starts = [pc.min(tables["candles_1h"]["open_time"]).as_py(), pc.min(tables["funding_rates"]["settled_at"]).as_py()]
    ends = [pc.max(main["candles_1h"]["open_time"]).as_py() + HOUR]
    for name, column in (("funding_rates", "settled_at"), ("open_interest", "observed_at")):
        if name in main:
            ends.append(pc.max(main[name][column]).as_py())
    return Clock(
        kind="replay",
        starts_at=min(moment for moment in starts if moment is not None).replace(tzinfo=UTC),
        now=max(moment for moment in ends if moment is not None).replace(tzinfo=UTC),
        label=f"replay of {directory.name}",
    )


def _frame(table: pa.Table, name: str, now: pd.Timestamp) -> pd.DataFrame:
    """A table up to the clock, names as categories; a recorded candle is there when its hour is over."""
    time_column = next(column for column in COLUMNS[name] if column in TIMES)
    last = now.to_pydatetime() - (HOUR if name == "candles_1h" else timedelta(0))
    table = table.filter(pc.less_equal(table[time_column], pa.scalar(last, pa.timestamp("us"))))
    for i, column in enumerate(table.column_names):
        if column in TEXTS:
            table = table.set_column(i, column, table[column].dictionary_encode().unify_dictionaries())
    return table.to_pandas()


def _split(frames: dict[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Each table in two: the rows that a dialect says, and those that come by the archive."""
    candles, funding, observed = frames["candles_1h"], frames["funding_rates"], frames["open_interest"]
    macro = frames["macro_series"]
    said = {
        "candles_1h": _is_spoken(candles, None) & is_complete(candles, CANDLE_COLUMNS),
        "funding_rates": _is_spoken(funding, "perp") & is_complete(funding, ("funding_rate",)),
        "open_interest": _is_spoken(observed, "perp")
        & observed["venue"].isin(SPOKEN_OPEN_INTEREST).to_numpy()
        & is_complete(observed, ("open_interest_base", "open_interest_usd")),
        "market_caps": np.zeros(len(frames["market_caps"]), bool),
        "asset_class_prices": np.ones(len(frames["asset_class_prices"]), bool),
        "macro_series": macro["provider"].isin(SPOKEN_MACRO).to_numpy(),
    }
    dialect = {name: frame[said[name]].reset_index(drop=True) for name, frame in frames.items()}
    archived = {name: frame[~said[name]] for name, frame in frames.items() if not said[name].all()}
    return dialect, archived


def _is_spoken(frame: pd.DataFrame, market_type: str | None) -> np.ndarray:
    """Which rows are of an instrument that a dialect knows."""
    names = ["venue", "venue_symbol"] if market_type else ["venue", "market_type", "venue_symbol"]
    seen = frame[names].drop_duplicates().astype(str)
    known = [_parts(row[0], market_type or row[1], row[-1]) is not None for row in seen.to_numpy()]
    spoken = pd.MultiIndex.from_frame(seen[np.array(known, bool)])
    return pd.MultiIndex.from_frame(frame[names]).isin(spoken)


def _parts(venue: str, market_type: str, symbol: str) -> tuple[str, str, str | None] | None:
    """Base, quote and settlement currency by the venue's way of writing a symbol; None where no dialect knows it."""
    if (venue, market_type) not in SPOKEN:
        return None
    if venue == "hyperliquid":
        return symbol, "USDC", "USDC"
    if venue == "coinbase":
        base, dash, quote = symbol.partition("-")
        return (base, quote, None) if dash and base and quote else None
    if not symbol.isalnum():
        return None
    ending = next((quote for quote in QUOTES if symbol.endswith(quote) and symbol != quote), None)
    if ending is None:
        return None
    base, quote = symbol.removesuffix(ending), ending
    if market_type == "spot":
        return base, quote, None
    return base, quote, base if quote == "USD" else quote


def _instruments(frames: dict[str, pd.DataFrame], observed: pd.DataFrame) -> pd.DataFrame:
    """What the recorded rows show to have been listed.

    A symbol is active unless in every table it fell silent long before its venue did: the end of a recording is no
    delisting. When it was listed is not known.
    """
    seen = [
        _last_seen(frames["candles_1h"], "open_time"),
        _last_seen(frames["funding_rates"].assign(market_type="perp"), "settled_at"),
        _last_seen(observed.assign(market_type="perp"), "observed_at"),
    ]
    last = pd.concat(seen, ignore_index=True)
    active = last.groupby(["venue", "market_type", "venue_symbol"], as_index=False)["is_active"].max()
    rows = []
    for venue, market_type, symbol, is_active in active.itertuples(index=False, name=None):
        parts = _parts(venue, market_type, symbol)
        if parts is not None:
            is_inverse = parts[2] is not None and parts[2] == parts[0]
            rows.append((venue, market_type, symbol, *parts, 1.0, is_inverse, bool(is_active), pd.NaT))
    instruments = pd.DataFrame(rows, columns=list(COLUMNS["instruments"]))
    return instruments.astype({"listed_at": "datetime64[us]", "is_inverse": bool, "is_active": bool})


def _last_seen(frame: pd.DataFrame, time_column: str) -> pd.DataFrame:
    keys = ["venue", "market_type", "venue_symbol"]
    last = frame.groupby(keys, observed=True)[time_column].max().reset_index()
    last[keys] = last[keys].astype(str)
    end = last.groupby(["venue", "market_type"])[time_column].transform("max")
    return last.assign(is_active=last[time_column] > end - SILENT)[[*keys, "is_active"]]
