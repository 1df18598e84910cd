"""The bulk archive: rows that no dialect of a real venue can give, as Parquet files."""

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from simulator.market import PUBLISHED_BOOKS, TEXTS, Market

# The names of the archive's datasets and columns, where they differ from the tables'.
ARCHIVE_DATASETS = {"candles_1h": "candles"}
ARCHIVE_COLUMNS = {"asset_id": "provider_asset_id"}
# Venues that publish open interest as it is now and never as it was.
WITHOUT_OPEN_INTEREST_HISTORY = ("hyperliquid",)


@dataclass(frozen=True)
class ArchiveFile:
    """One file of the bulk archive: rows that no dialect can give."""

    dataset: str
    origin: str
    path: str
    rows: int
    sha256: str
    content: bytes = field(repr=False)


def kept_history(market: Market) -> tuple[ArchiveFile, ...]:
    """What somebody who recorded a market from its first day would have, and no venue sells."""
    observed = market.open_interest
    now = market.clock.now.replace(tzinfo=None)
    is_kept = observed["venue"].isin(WITHOUT_OPEN_INTEREST_HISTORY) & (observed["observed_at"] <= now)
    books = market.order_book_depth
    venue, market_type = PUBLISHED_BOOKS
    is_published = (books["venue"] == venue) & (books["market_type"] == market_type)
    recorded = books[~is_published & (books["snapshot_at"] <= now)]
    return (*archive_files("open_interest", observed[is_kept]), *archive_files("order_book_depth", recorded))


def archive_files(name: str, frame: pd.DataFrame) -> Iterable[ArchiveFile]:
    """One Parquet file for each origin of the rows, in the columns that a bulk archive would have."""
    dataset = ARCHIVE_DATASETS.get(name, name)
    origin_column = "provider" if "provider" in frame else "venue"
    for origin, rows in frame.groupby(origin_column, observed=True):
        table = pa.Table.from_pandas(_archived(rows), preserve_index=False).replace_schema_metadata(None)
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        content = buffer.getvalue()
        path = f"{dataset}/{origin}.parquet"
        yield ArchiveFile(dataset, str(origin), path, len(rows), hashlib.sha256(content).hexdigest(), content)


def _archived(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.rename(columns=ARCHIVE_COLUMNS)
    if "rank" in rows:
        rows = rows.assign(rank=rows["rank"].astype("Int64"))
    if "reference_date" in rows:
        unknown = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
        rows = rows.assign(reference_date=rows["reference_date"].dt.date, released_at=unknown)
    texts = {name: "string" for name in (*TEXTS, "provider_asset_id") if name in rows}
    return rows.astype(texts)
